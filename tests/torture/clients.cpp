#include "torture/clients.hpp"

#include <charconv>
#include <optional>

#include "simulation/linearizability.hpp"
#include "support/eventually.hpp"

namespace clusterkit::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 2s;  // with one attempt
constexpr int kAttempts = 3;
constexpr auto kThinkMost = 10ms;
constexpr std::uint64_t kKeys = 3;
// New keys come into use: the search for an order takes long where much is open.
constexpr auto kAgeOfKeys = 2s;

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t versionIn(const HttpAnswer& answer) {
  const auto found = answer.headers.find("x-clusterkit-version");
  return found == answer.headers.end() ? 0 : number(found->second);
}

bool saysThat(const HttpAnswer& answer, const std::string& name, const std::string& value) {
  return answer.body.find('"' + name + "\":\"" + value + '"') != std::string::npos;
}

// What was read; empty when there was no answer to be had.
std::optional<sim::RegisterValue> valueIn(const HttpAnswer& answer) {
  if (answer.status == 404) return 0;
  return answer.status == 200 ? std::optional(number(answer.body)) : std::nullopt;
}

}  // namespace

Clients::Clients(std::vector<HttpServer> servers, std::size_t threads, std::uint64_t seed, Reads reads)
    : servers_(std::move(servers)), reads_(reads), name_("torture-" + std::to_string(seed) + "-") {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, own = seed + i + 1] { work(own); });
}

void Clients::stop() {
  stopped_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Clients::work(std::uint64_t seed) {
  sim::Dice dice(seed);
  Memory memory;
  while (!stopped_) {
    const std::string key = pickKey(dice);
    if (dice.oneIn(2))
      read(key, dice.pick(servers_), memory);
    else
      write(key, dice, memory);
    std::this_thread::sleep_for(dice.between(Duration(0), Duration(kThinkMost)));
  }
}

std::string Clients::pickKey(sim::Dice& dice) const {
  const auto age = (std::chrono::steady_clock::now() - begun_) / kAgeOfKeys;
  return name_ + std::to_string(age) + "-" + std::to_string(dice.below(kKeys));
}

void Clients::read(const std::string& key, const HttpServer& server, Memory& memory) {
  sim::Operation operation;
  operation.invoked = ++clock_;
  const HttpRequest request{.target = "/v1/kv/" + key + (reads_ == Reads::local ? "?consistency=local" : "")};
  const HttpAnswer answer = http(server, request, kPatience);
  look(request, answer);
  const auto value = valueIn(answer);
  if (!value) return;
  operation.expected = *value;
  memory[key] = {*value, versionIn(answer)};
  keep(key, operation, Ending::Done);
}

// A third of those who know the key's version write only over that one.
void Clients::write(const std::string& key, sim::Dice& dice, Memory& memory) {
  const std::uint64_t id = ++lastWrite_;
  HttpRequest request{.method = "PUT", .target = "/v1/kv/" + key, .body = std::to_string(id)};
  sim::Operation operation;
  operation.kind = sim::Kind::Write;
  operation.written = id;
  if (const auto seen = memory.find(key); seen != memory.end() && dice.oneIn(3)) {
    operation.kind = sim::Kind::Exchange;
    operation.expected = seen->second.value;
    request.target += "?cas=" + std::to_string(seen->second.version);
  }
  const bool keyed = dice.oneIn(2);
  if (keyed) request.headers["Idempotency-Key"] = name_ + std::to_string(id);
  operation.invoked = ++clock_;
  Seen now{id, 0};
  const Ending ending = askToWrite(request, keyed, dice, now);
  keep(key, operation, ending);
  memory.erase(key);
  if (ending != Ending::Done) return;
  memory[key] = now;
  const std::lock_guard lock(mutex_);
  written_.push_back({key, now.version});
}

// Under its idempotency key a request may be asked again, elsewhere, when nobody says what became of it.
Clients::Ending Clients::askToWrite(const HttpRequest& request, bool keyed, sim::Dice& dice, Seen& now) {
  bool doubtful = false;
  for (int attempt = 0; attempt < (keyed ? kAttempts : 1); ++attempt) {
    const HttpAnswer answer = http(dice.pick(servers_), request, kPatience);
    look(request, answer);
    now.version = versionIn(answer);
    if (answer.status == 200) return Ending::Done;
    // This outcome is the request's, for all its attempts. Any other refusal speaks of the last one alone.
    if (saysThat(answer, "code", "version_conflict")) return Ending::DidNotHappen;
    if (saysThat(answer, "outcome", "not_applied") && !doubtful) return Ending::DidNotHappen;
    doubtful = doubtful || !saysThat(answer, "outcome", "not_applied");
  }
  return Ending::Open;
}

// A refusal is for want of a leader or of time, of an exchange also for a newer version.
void Clients::look(const HttpRequest& request, const HttpAnswer& answer) {
  const bool silent = answer.status == 0, done = answer.status == 200;
  const bool refused = answer.status == 503 || answer.status == 504;
  const bool absent = request.method == "GET" && answer.status == 404;
  const bool conflict = saysThat(answer, "code", "version_conflict");
  if (silent || done || refused || absent || conflict) return;
  const std::lock_guard lock(mutex_);
  strange_.push_back(request.method + " " + request.target + ": " + std::to_string(answer.status) + " " +
                     answer.body);
}

void Clients::keep(const std::string& key, sim::Operation operation, Ending ending) {
  if (ending == Ending::DidNotHappen) return;
  if (ending == Ending::Done) {
    operation.returned = ++clock_;
    ++answered_;
  }
  const std::lock_guard lock(mutex_);
  histories_[key].push_back(operation);
}

bool Clients::readAll(const HttpServer& server) {
  for (auto& [key, history] : histories_) {
    sim::Operation operation;
    std::optional<sim::RegisterValue> value;
    const bool answered = eventually(
        [&] {
          operation.invoked = ++clock_;
          value = valueIn(httpGet(server, "/v1/kv/" + key, kPatience));
          return value.has_value();
        },
        30s);
    if (!answered) return false;
    operation.expected = *value;
    operation.returned = ++clock_;
    history.push_back(operation);
  }
  return true;
}

Judgement Clients::judge() const {
  Judgement judgement;
  for (const auto& [key, history] : histories_) {
    ++judgement.histories;
    judgement.operations += history.size();
    for (const sim::Operation& operation : history)
      judgement.open += operation.returned == sim::Operation::kOpen ? 1 : 0;
    const sim::Linearizability found = sim::check(history);
    judgement.tooHard += found == sim::Linearizability::TooHard ? 1 : 0;
    if (found == sim::Linearizability::Broken) judgement.broken.push_back(key);
  }
  return judgement;
}

}  // namespace clusterkit::test
