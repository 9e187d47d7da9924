#include "support/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::test {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Process::Process(const Command& command) {
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment;
  for (char** e = environ; *e != nullptr; ++e) environment.emplace_back(*e);
  for (const auto& [name, value] : command.environment) environment.push_back(name + "=" + value);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);

  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {  // between fork and exec only calls that are safe there
    const int out = ::open(command.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, 0)), exit_(other.exit_) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    if (running()) kill9();
    pid_ = std::exchange(other.pid_, 0);
    exit_ = other.exit_;
  }
  return *this;
}

Process::~Process() {
  if (running()) kill9();
}

void Process::reap(int options) {
  int status = 0;
  if (pid_ == 0 || exit_ || ::waitpid(pid_, &status, options) != pid_) return;
  exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Process::running() {
  reap(WNOHANG);
  return pid_ != 0 && !exit_;
}

void Process::signal(int number) {
  if (running()) ::kill(pid_, number);
}

std::optional<int> Process::waitExit(std::chrono::milliseconds limit) {
  eventually([this] { return !running(); }, limit);
  return exit_;
}

void Process::kill9() {
  signal(SIGKILL);
  reap(0);
}

Finished runToEnd(const std::vector<std::string>& arguments, std::chrono::milliseconds limit,
                  const std::map<std::string, std::string>& environment) {
  const TempDir folder;
  Process process({arguments, folder.path() / "output", environment});
  const std::optional<int> code = process.waitExit(limit);
  return {code.value_or(-1), readFile(folder.path() / "output")};
}

namespace {

bool canBind(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

}  // namespace

// Below the range from which the kernel takes ports of outgoing connections, so that none of those can take
// it before the node listens there; starting at a place that depends on the process, so that tests that run
// at once stay apart.
std::uint16_t freePort() {
  constexpr int kFirst = 10000, kCount = 20000;
  static int next = static_cast<int>(::getpid()) * 61 % kCount;
  for (int attempt = 0; attempt < kCount; ++attempt) {
    const auto port = static_cast<std::uint16_t>(kFirst + next);
    next = (next + 1) % kCount;
    if (canBind(port)) return port;
  }
  throw std::runtime_error("no free port found");
}

}  // namespace clusterkit::test
