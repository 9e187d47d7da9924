#include "resolver.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/DNS.h>
#include <Poco/Net/HostEntry.h>

namespace clusterkit::webhook {

struct Resolver::Question {
  std::mutex mutex;
  std::condition_variable changed;
  bool answered = false;
  Addresses addresses;
  std::string error;

  void answer(const std::string& host, const Lookup& lookup) noexcept {
    Addresses found;
    std::string failure = "has no address";
    try {
      found = lookup(host);
    } catch (const Poco::Exception& e) {
      failure = e.displayText();
    } catch (const std::exception& e) {
      failure = e.what();
    }
    const std::lock_guard lock(mutex);
    answered = true;
    addresses = std::move(found);
    error = std::move(failure);
    changed.notify_all();
  }
};

Addresses Resolver::systemLookup(const std::string& host) {
  return Poco::Net::DNS::hostByName(host).addresses();
}

Addresses Resolver::addresses(Watchdog& watchdog, std::uint64_t deadline) {
  Poco::Net::IPAddress literal;
  if (Poco::Net::IPAddress::tryParse(host_, literal)) return {literal};

  const std::shared_ptr<Question> question = ask();
  const Watch watch(watchdog, deadline, [&question] {
    const std::lock_guard lock(question->mutex);
    question->changed.notify_all();
  });
  std::unique_lock lock(question->mutex);
  question->changed.wait(lock, [&] { return question->answered || watch.over(); });
  if (!question->answered) watch.check("the name lookup took too long");
  if (question->addresses.empty()) throw std::runtime_error("name lookup: " + question->error);
  return question->addresses;
}

std::shared_ptr<Resolver::Question> Resolver::ask() {
  const std::lock_guard lock(mutex_);
  if (running_) {
    const std::lock_guard inner(running_->mutex);
    if (!running_->answered) return running_;
  }
  auto question = std::make_shared<Question>();
  std::thread([question, host = host_, lookup = lookup_] { question->answer(host, lookup); }).detach();
  running_ = question;
  return question;
}

}  // namespace clusterkit::webhook
