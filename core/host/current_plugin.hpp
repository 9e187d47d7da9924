// Which plugin is on this thread's stack, for the crash handler and the slow-call log.
#pragma once

namespace clusterkit {

// Both strings must live for ever (a host record's name and a literal): the signal handler reads them.
struct CurrentPlugin {
  const char* plugin = nullptr;
  const char* function = nullptr;
};

CurrentPlugin currentPlugin();  // of the calling thread; nulls outside of plugins

// Marks a call into a plugin; nests.
class OnPluginStack {
 public:
  OnPluginStack(const char* plugin, const char* function);
  ~OnPluginStack();
  OnPluginStack(const OnPluginStack&) = delete;
  OnPluginStack& operator=(const OnPluginStack&) = delete;

 private:
  CurrentPlugin before_;
};

// On SIGSEGV, SIGABRT, SIGBUS, SIGILL and SIGFPE: prints one line to stderr that names the signal and the
// plugin on the crashing thread's stack, then lets the signal take its default course (core dump).
// Async-signal-safe; runs on its own stack on the threads that called useCrashStack(). Called once by the
// daemon.
void installCrashHandler();
// Gives the calling thread a signal stack, so that even an overflow of its normal stack is reported. Freed at
// thread end.
void useCrashStack();

}  // namespace clusterkit
