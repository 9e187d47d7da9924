#include "cli/facts.hpp"

#include <cstdio>
#include <ostream>

#include "cli/table.hpp"

namespace clusterkit::cli {

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

void print(const Session& session, const Poco::JSON::Object& facts) {
  if (session.output == Output::Json) {
    facts.stringify(session.out);
    session.out << "\n";
    return;
  }
  Table table({"FIELD", "VALUE"});
  for (const std::string& name : facts.getNames()) {
    const std::string value = facts.get(name).toString();
    table.add({name, value.empty() ? "-" : value});
  }
  session.out << table.text();
}

}  // namespace clusterkit::cli
