#include "torture/nemesis.hpp"

#include <signal.h>

#include <algorithm>
#include <iostream>
#include <numeric>

namespace clusterkit::test {

Nemesis::Nemesis(TestCluster& cluster, OwnNetwork& network, std::size_t count, std::uint64_t seed)
    : cluster_(cluster), network_(network), count_(count), dice_(seed) {}

void Nemesis::strike() {
  std::string what = strikeOnce();
  if (dice_.oneIn(3)) what += ", " + strikeOnce();
  const auto at =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_);
  std::cout << at.count() << " ms: " << what << std::endl;
}

std::string Nemesis::strikeOnce() {
  ++strikes_;
  lookForDeaths();
  switch (dice_.below(12)) {
    case 0: return kill(any());
    case 1: return kill(leaderOrAny());
    case 2: return killMany();
    case 3: return terminate(leaderOrAny());
    case 4: return freeze(any());
    case 5: return freeze(leaderOrAny());
    case 6: return isolate(leaderOrAny());
    case 7: return halves();
    case 8: return bridge();
    case 9: return oneWay();
    case 10: return deafen(leaderOrAny(), dice_.oneIn(2));
    default: return transfer();
  }
}

// Whoever leads is worth more than the others, but finding out must not take long when nobody does.
std::size_t Nemesis::leaderOrAny() {
  const std::size_t asked = any();
  if (down_.contains(asked) || frozen_.contains(asked)) return any();
  const HttpAnswer answer = httpGet(cluster_.node(asked).server(), "/consensus/leader", 500ms);
  for (std::size_t number = 1; number <= count_; ++number)
    if (answer.body.find('"' + cluster_.node(number).id() + '"') != std::string::npos) return number;
  return any();
}

std::string Nemesis::kill(std::size_t number) {
  cluster_.node(number).kill9();
  down_.insert(number);
  return "kill -9 of " + cluster_.node(number).id();
}

std::string Nemesis::killMany() {
  std::string what = "several: ";
  for (std::size_t number = 1; number <= count_; ++number)
    if (dice_.chance(70)) what += kill(number) + " ";
  return what;
}

std::string Nemesis::terminate(std::size_t number) {
  if (frozen_.contains(number)) return kill(number);  // it would not hear of it
  cluster_.node(number).process().signal(SIGTERM);
  down_.insert(number);
  asked_.insert(number);
  return "SIGTERM to " + cluster_.node(number).id();
}

std::string Nemesis::freeze(std::size_t number) {
  cluster_.node(number).process().signal(SIGSTOP);
  frozen_.insert(number);
  return "SIGSTOP of " + cluster_.node(number).id();
}

std::string Nemesis::isolate(std::size_t number) {
  network_.isolate(number);
  return cluster_.node(number).id() + " cut off";
}

std::string Nemesis::halves() {
  std::vector<bool> left(count_ + 1);
  const std::size_t first = any(), last = otherThan(first);
  std::string what = "halves, one of";
  for (std::size_t number = 1; number <= count_; ++number) {
    left[number] = number == first || (number != last && dice_.oneIn(2));
    if (left[number]) what += " " + std::to_string(number);
  }
  for (std::size_t from = 1; from <= count_; ++from)
    for (std::size_t to = 1; to <= count_; ++to)
      if (left[from] != left[to]) network_.cut(from, to);
  return what;
}

// Two sides that hear each other only by way of one node, which does not pass on what others say.
std::string Nemesis::bridge() {
  std::vector<std::size_t> order(count_);
  std::iota(order.begin(), order.end(), std::size_t(1));
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[dice_.below(i)]);
  const std::size_t middle = order.size() / 2;
  for (std::size_t left = 0; left < middle; ++left) {
    for (std::size_t right = middle + 1; right < order.size(); ++right) {
      network_.cut(order[left], order[right]);
      network_.cut(order[right], order[left]);
    }
  }
  return "bridge over " + cluster_.node(order[middle]).id();
}

std::string Nemesis::oneWay() {
  const std::size_t from = any(), to = otherThan(from);
  network_.cut(from, to);
  return cluster_.node(from).id() + " unheard by " + cluster_.node(to).id();
}

std::string Nemesis::deafen(std::size_t number, bool mute) {
  for (std::size_t other = 1; other <= count_; ++other) {
    if (other == number) continue;
    mute ? network_.cut(number, other) : network_.cut(other, number);
  }
  return cluster_.node(number).id() + (mute ? " unheard by all" : " hears nobody");
}

std::string Nemesis::transfer() {
  const HttpRequest request{.method = "POST", .target = "/v1/consensus/transfer"};
  http(cluster_.node(any()).server(), request, 1s);
  return "transfer";
}

// Of those that nobody ended.
void Nemesis::lookForDeaths() {
  for (std::size_t number = 1; number <= count_; ++number) {
    TestNode& node = cluster_.node(number);
    if (down_.contains(number) || node.running()) continue;
    const int code = node.process().waitExit(0ms).value_or(-1);
    died_.push_back(node.id() + " ended by itself, exit code " + std::to_string(code));
    down_.insert(number);  // and is started again
  }
}

// Asked by SIGTERM, a node ends with 0, with that signal's code when it has not got as far as to handle it,
// or with SIGKILL's when it was killed as well.
bool Nemesis::endedWell(std::size_t number, int code) const {
  return code == 128 + SIGKILL || (asked_.contains(number) && (code == 0 || code == 128 + SIGTERM));
}

void Nemesis::heal() {
  lookForDeaths();
  network_.mend();
  for (const std::size_t number : frozen_) cluster_.node(number).process().signal(SIGCONT);
  for (const std::size_t number : down_) {
    TestNode& node = cluster_.node(number);
    const int code = node.process().waitExit(20s).value_or(-1);
    if (!endedWell(number, code)) died_.push_back(node.id() + " ended with " + std::to_string(code));
    node.start();
  }
  asked_.clear();
  frozen_.clear();
  down_.clear();
}

}  // namespace clusterkit::test
