#include "host/current_plugin.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <memory>

namespace clusterkit {

namespace {

constinit thread_local CurrentPlugin current;

constexpr int crashSignals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE};

const char* nameOf(int signal) {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGABRT: return "SIGABRT";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGFPE: return "SIGFPE";
    default: return "a signal";
  }
}

// Nothing here but what is safe in a signal handler: no allocation, no lock, no stdio.
class CrashLine {
 public:
  void add(const char* text) {
    for (; *text != '\0' && used_ < sizeof bytes_; ++text) bytes_[used_++] = *text;
  }
  void write() const {
    std::size_t done = 0;
    while (done < used_) {
      const ssize_t n = ::write(STDERR_FILENO, bytes_ + done, used_ - done);
      if (n <= 0) return;
      done += static_cast<std::size_t>(n);
    }
  }

 private:
  char bytes_[512];
  std::size_t used_ = 0;
};

void onCrash(int signal) {
  const CurrentPlugin at = current;
  CrashLine line;
  line.add("clusterkit: crashed by ");
  line.add(nameOf(signal));
  if (at.plugin != nullptr) {
    line.add(" while plugin ");
    line.add(at.plugin);
    line.add(" was in ");
    line.add(at.function != nullptr ? at.function : "an unnamed function");
  } else {
    line.add(" outside of plugins");
  }
  line.add("\n");
  line.write();
  // The action was reset when the handler was entered; the signal is blocked until it returns, then takes its
  // course.
  ::raise(signal);
}

// Freed at the end of its thread.
class CrashStack {
 public:
  CrashStack() : memory_(std::make_unique<std::byte[]>(size)) {
    stack_t stack{};
    stack.ss_sp = memory_.get();
    stack.ss_size = size;
    ::sigaltstack(&stack, nullptr);
  }
  ~CrashStack() {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }
  CrashStack(const CrashStack&) = delete;
  CrashStack& operator=(const CrashStack&) = delete;

 private:
  static constexpr std::size_t size = 64 * 1024;
  std::unique_ptr<std::byte[]> memory_;
};

}  // namespace

CurrentPlugin currentPlugin() { return current; }

OnPluginStack::OnPluginStack(const char* plugin, const char* function) : before_(current) {
  current = {plugin, function};
}

OnPluginStack::~OnPluginStack() { current = before_; }

void installCrashHandler() {
  struct sigaction action {};
  action.sa_handler = onCrash;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_ONSTACK);
  ::sigemptyset(&action.sa_mask);
  for (const int signal : crashSignals) ::sigaction(signal, &action, nullptr);
}

void useCrashStack() { static thread_local CrashStack stack; }

}  // namespace clusterkit
