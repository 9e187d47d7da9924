#include "load/machine.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace clusterkit::bench {

using Clock = std::chrono::steady_clock;

double syncsPerSecond(const std::filesystem::path& folder) {
  constexpr std::chrono::milliseconds kTime{500};
  const auto file = folder / "syncs";
  const int descriptor = ::open(file.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const std::array<char, 256> bytes{};
  std::size_t count = 0;
  bool works = descriptor >= 0;
  for (const auto end = Clock::now() + kTime; works && Clock::now() < end; ++count)
    works = ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
            ::fdatasync(descriptor) == 0;
  const int error = errno;
  ::close(descriptor);
  std::filesystem::remove(file);
  if (!works) throw std::system_error(error, std::generic_category(), file);
  return static_cast<double>(count) / std::chrono::duration<double>(kTime).count();
}

double peakMiB(const std::vector<pid_t>& processes) {
  double most = 0;
  for (const pid_t pid : processes) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmHWM:")) most = std::max(most, std::stod(line.substr(6)) / 1024);
  }
  return most;
}

double cpuSeconds(const std::vector<pid_t>& processes) {
  double ticks = 0;
  for (const pid_t pid : processes) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(stat, line);
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    constexpr int kBeforeUserTime = 11;  // proc(5): utime and stime are fields 14 and 15
    std::string skipped;
    for (int i = 0; i < kBeforeUserTime; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    ticks += user + system;
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace clusterkit::bench
