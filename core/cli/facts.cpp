#include "cli/facts.hpp"

#include <ostream>

#include "cli/table.hpp"

namespace clusterkit::cli {

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
