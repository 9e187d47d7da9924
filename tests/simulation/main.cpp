// The simulation from a command line: clusterkit_sim --seeds N --seed S [--until-broken] [--trace]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string_view>

#include "simulation/simulation.hpp"

namespace {

using namespace clusterkit::sim;

struct Arguments {
  std::uint64_t first = 1, count = 1;
  Trace::Echo echo = Trace::Echo::Silent;
  bool untilBroken = false;
};

[[noreturn]] void usage(std::string_view wrong) {
  std::cerr << "clusterkit_sim: '" << wrong
            << "': allowed are --seed S, --seeds N, --until-broken and --trace\n";
  std::exit(2);
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--until-broken")
      arguments.untilBroken = true;
    else if (name == "--trace")
      arguments.echo = Trace::Echo::Everything;
    else if ((name == "--seed" || name == "--seeds") && i + 1 < argc)
      (name == "--seed" ? arguments.first : arguments.count) = std::strtoull(argv[++i], nullptr, 10);
    else
      usage(name);
  }
  return arguments;
}

double cpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void report(const Result& r) {
  std::printf("seed %llu BROKEN %.*s: %s\n", static_cast<unsigned long long>(r.seed),
              static_cast<int>(r.violation->invariant.size()), r.violation->invariant.data(),
              r.violation->detail.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  const double begun = cpuSeconds();
  Result sum;
  std::uint64_t broken = 0;
  for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.count; ++seed) {
    const Result r = simulate(seed, std::cout, arguments.echo);
    if (r.violation) {
      ++broken;
      report(r);
      std::fflush(stdout);
      if (arguments.untilBroken) return 1;
    }
    if (arguments.count == 1)
      std::printf("trace hash %016llx\n", static_cast<unsigned long long>(r.traceHash));
    sum.events += r.events;
    sum.answered += r.answered;
    sum.committed += r.committed;
    sum.terms += r.terms;
    sum.changes += r.changes;
    sum.transfers += r.transfers;
    sum.simulated += r.simulated;
  }
  const double spent = cpuSeconds() - begun;
  std::printf(
      "seeds %llu broken %llu events %llu (%.2f M/s) simulated %.0f s answered %zu committed %zu "
      "terms %zu changes %zu transfers %zu cpu %.1f s\n",
      static_cast<unsigned long long>(arguments.count), static_cast<unsigned long long>(broken),
      static_cast<unsigned long long>(sum.events), static_cast<double>(sum.events) / spent / 1e6,
      std::chrono::duration<double>(sum.simulated).count(), sum.answered, sum.committed, sum.terms,
      sum.changes, sum.transfers, spent);
  return broken == 0 ? 0 : 1;
}
