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

// One "name number" a line, for people and for scripts/sim, which adds up those of several programs.
void print(std::string_view name, double number) {
  std::printf("%-24.*s %.12g\n", static_cast<int>(name.size()), name.data(), number);
}

void summarize(const Result& sum, std::uint64_t seeds, std::uint64_t broken, double spent) {
  print("seeds", static_cast<double>(seeds));
  print("broken", static_cast<double>(broken));
  print("events", static_cast<double>(sum.events));
  print("cpu_seconds", spent);
  print("simulated_seconds", std::chrono::duration<double>(sum.simulated).count());
  print("answered", static_cast<double>(sum.answered));
  print("committed", static_cast<double>(sum.committed));
  print("terms", static_cast<double>(sum.terms));
  print("changes", static_cast<double>(sum.changes));
  print("transfers", static_cast<double>(sum.transfers));
  print("requests", static_cast<double>(sum.requests));
  print("sink_deliveries", static_cast<double>(sum.deliveries));
  print("sink_orders", static_cast<double>(sum.orders));
  print("histories", static_cast<double>(sum.histories));
  print("too_hard_histories", static_cast<double>(sum.tooHard));
  const auto types = clusterkit::eventTypes();
  for (std::size_t type = 0; type < types.size(); ++type)
    if (sum.told[type] != 0) print("event " + std::string(types[type]), static_cast<double>(sum.told[type]));
  for (std::size_t fault = 0; fault < kFaults; ++fault)
    print("fault " + std::string(name(static_cast<Fault>(fault))), static_cast<double>(sum.injected[fault]));
  static constexpr std::string_view parts[] = {"flip entry", "flip snapshot", "flip hard-state", "flip mark"};
  for (std::size_t part = 0; part < std::size(parts); ++part)
    print(parts[part], static_cast<double>(sum.flipped[part]));
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
    sum.add(r);
  }
  summarize(sum, arguments.count, broken, cpuSeconds() - begun);
  return broken == 0 ? 0 : 1;
}
