#include "volatile_disk.hpp"

#include <atomic>

namespace clusterkit::sqlite {

namespace {

std::atomic<VolatileDisk*> theDisk{nullptr};

}  // namespace

VolatileDisk::VolatileDisk(const std::filesystem::path& folder) : model_(folder) { theDisk = this; }

VolatileDisk::~VolatileDisk() { theDisk = nullptr; }

VolatileDisk* VolatileDisk::present() { return theDisk; }

void VolatileDisk::losePowerAt(std::uint64_t change, std::filesystem::path image, std::uint64_t seed,
                               std::function<void()> losing) {
  const auto held = lock();
  loseAt_ = changes_ + change;
  image_ = std::move(image);
  seed_ = seed;
  losing_ = std::move(losing);
}

void VolatileDisk::losePowerNow(const std::filesystem::path& image, std::uint64_t seed) const {
  const auto held = lock();
  model_.writeRemains(image, seed);
}

bool VolatileDisk::hasLostPower() const {
  const auto held = lock();
  return lost_;
}

void VolatileDisk::failAt(std::uint64_t change) {
  const auto held = lock();
  failAt_ = changes_ + change;
}

std::uint64_t VolatileDisk::changes() const {
  const auto held = lock();
  return changes_;
}

bool VolatileDisk::mayChange() {
  ++changes_;
  if (changes_ == loseAt_) {
    losing_();
    model_.writeRemains(image_, seed_);
    lost_ = true;
  }
  return changes_ != failAt_;
}

// By number, because a file may get another name while it is open.
void VolatileDisk::opened(int fd, const std::string& path) {
  const FileNumber file = model_.find(path).value_or(0);
  open_[fd] = {file, file == 0 ? path : ""};
}

const VolatileDisk::Open* VolatileDisk::find(int fd) const {
  const auto found = open_.find(fd);
  return found == open_.end() ? nullptr : &found->second;
}

}  // namespace clusterkit::sqlite
