// Lets a posted task find out that the object it points at is gone. For objects that are destroyed on the
// loop or after it has ended.
#pragma once

#include <memory>

namespace clusterkit {

class Lifetime {
 public:
  using Watch = std::weak_ptr<const char>;
  Watch watch() const { return alive_; }

 private:
  std::shared_ptr<const char> alive_ = std::make_shared<const char>('\0');
};

}  // namespace clusterkit
