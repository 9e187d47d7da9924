#include "child.hpp"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "process_group.hpp"

namespace clusterkit::script {
namespace {

bool isTransient(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE || error == ETXTBSY;
}

std::string reason(const Launch& launch, int error) {
  const std::string text = std::generic_category().message(error);
  std::error_code ignored;
  if (!std::filesystem::is_directory(launch.directory, ignored))
    return "its working folder " + launch.directory + " is not there";
  switch (error) {
    case ENOENT: return text + " (the file is gone, or the interpreter that its first line names is missing)";
    case EACCES: return text + " (it, or the interpreter that its first line names, is not executable)";
    case ENOEXEC: return text + " (it is no program, and its first line names no interpreter: #!/bin/sh)";
    default: return text;
  }
}

// What posix_spawn is told; freed with it.
class SpawnPlan {
 public:
  SpawnPlan() {
    check(::posix_spawn_file_actions_init(&actions_));
    check(::posix_spawnattr_init(&attributes_));
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  void move(const Descriptor& from, int to) {
    check(::posix_spawn_file_actions_adddup2(&actions_, from.get(), to));
  }
  void closeFrom(int first) { check(::posix_spawn_file_actions_addclosefrom_np(&actions_, first)); }
  void workIn(const std::string& directory) {
    check(::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str()));
  }
  void detachAndResetSignals() {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    check(::posix_spawnattr_setsigmask(&attributes_, &none));
    check(::posix_spawnattr_setsigdefault(&attributes_, &all));
    check(::posix_spawnattr_setflags(&attributes_,
                                     POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  static void check(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category(), "posix_spawn");
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

LaunchFailure::LaunchFailure(const Launch& launch, int error)
    : std::runtime_error("cannot run " + launch.program + ": " + reason(launch, error)),
      transient_(isTransient(error)) {}

std::string describe(const ExitStatus& status) {
  switch (status.kind) {
    case ExitStatus::Kind::code: return "exit code " + std::to_string(status.number);
    case ExitStatus::Kind::signal: return "killed by signal " + std::to_string(status.number);
    case ExitStatus::Kind::unknown: break;
  }
  return "exit status lost";
}

Child::Child(const Launch& launch) {
  Pipe in = makePipe(), out = makePipe(), err = makePipe(), ack;
  if (launch.acks == AckPipe::onDescriptor3) ack = makePipe();
  setNonBlocking(in.write);
  setNonBlocking(out.read);
  setNonBlocking(err.read);
  if (ack.read.open()) setNonBlocking(ack.read);
  start(launch, in, out, err, ack);
  input = std::move(in.write);
  output = std::move(out.read);
  errors = std::move(err.read);
  acks = std::move(ack.read);
}

void Child::start(const Launch& launch, const Pipe& in, const Pipe& out, const Pipe& err, const Pipe& ack) {
  SpawnPlan plan;
  plan.move(in.read, STDIN_FILENO);
  plan.move(out.write, STDOUT_FILENO);
  plan.move(err.write, STDERR_FILENO);
  if (ack.write.open()) plan.move(ack.write, 3);
  plan.closeFrom(ack.write.open() ? 4 : 3);
  plan.workIn(launch.directory);
  plan.detachAndResetSignals();

  std::vector<std::string> argv = launch.arguments;
  argv.insert(argv.begin(), launch.program);
  const int error = ::posix_spawn(&pid_, launch.program.c_str(), plan.actions(), plan.attributes(),
                                  pointers(argv).data(), pointers(launch.environment).data());
  if (error != 0) throw LaunchFailure(launch, error);
  // By its number: the C library's own declaration lacks C linkage in glibc 2.36.
  pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (pidfd_.open()) return;
  const int why = errno;
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  throw LaunchFailure(launch, why);
}

void Child::signal(int number) {
  if (!reaped_) signalGroup(pid_, number);
}

std::optional<ExitStatus> Child::reap() {
  siginfo_t info{};
  const int rc = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG);
  if (rc != 0 && errno == ECHILD) {
    reaped_ = true;
    return ExitStatus{};
  }
  if (rc != 0 || info.si_pid == 0) return std::nullopt;
  reaped_ = true;
  const bool exited = info.si_code == CLD_EXITED;
  return ExitStatus{exited ? ExitStatus::Kind::code : ExitStatus::Kind::signal, info.si_status};
}

Child::~Child() {
  if (reaped_ || !pidfd_.open()) return;
  constexpr int kWaitMs = 2000;  // dying takes long only in a system call that cannot be interrupted
  signal(SIGKILL);
  pollfd ended{pidfd_.get(), POLLIN, 0};
  ::poll(&ended, 1, kWaitMs);
  reap();
}

}  // namespace clusterkit::script
