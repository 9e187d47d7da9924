// An ordered map from strings whose copies share everything that is equal in them.
//
// A copy costs one reference count. A change copies the nodes from the root to the key unless nobody else
// holds them, so a batch of changes to one copy costs what changed. The tree is a treap whose priorities are
// a keyed hash of the keys: its shape depends on content and seed only, and is balanced for any keys. Each
// node sums up its subtree (count, weight, content hash), so two maps of equal content have equal hashes
// whatever their history, at no extra cost.
//
// Threads: any number may read and copy a map that nobody changes; a changed map belongs to one thread.
// Versions may be dropped on any thread. Pointers to entries live as long as some map holds the entry.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/siphash.hpp"

namespace clusterkit {

template <class V>
class PersistentMap {
  struct Node;

 public:
  struct Entry {
    std::string key;
    V value;
    std::uint64_t hash = 0;    // of the content as the caller defines it; the key is mixed in by the map
    std::uint64_t weight = 0;  // as the caller defines it, summed up in weight()
  };

  // Walks entries in key order. Valid while the map it came from is neither changed nor dropped.
  class Cursor {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    explicit operator bool() const { return !path_.empty(); }
    const Entry& operator*() const { return *path_.back()->entry; }
    const Entry* operator->() const { return path_.back()->entry.get(); }
    Cursor& operator++();
    friend bool operator==(const Cursor& c, std::default_sentinel_t) { return c.path_.empty(); }

   private:
    friend class PersistentMap;
    void descendLeft(const Node* node);
    std::vector<const Node*> path_;  // nodes still to visit, the present one last
  };

  explicit PersistentMap(HashSeed seed = {}) : seed_(seed) {}
  PersistentMap(const PersistentMap& other) noexcept : root_(share(other.root_)), seed_(other.seed_) {}
  PersistentMap(PersistentMap&& other) noexcept
      : root_(std::exchange(other.root_, nullptr)), seed_(other.seed_) {}
  PersistentMap& operator=(PersistentMap other) noexcept {
    std::swap(root_, other.root_);
    seed_ = other.seed_;
    return *this;
  }
  ~PersistentMap() { drop(root_); }

  bool empty() const noexcept { return root_ == nullptr; }
  std::size_t size() const noexcept { return root_ ? root_->count : 0; }
  std::uint64_t weight() const noexcept { return root_ ? root_->weight : 0; }
  // Equal for equal keys and content hashes under one seed; 0 when empty.
  std::uint64_t hash() const noexcept { return root_ ? root_->hash : 0; }

  // Null when absent. O(log n), no allocation.
  const V* find(std::string_view key) const noexcept;
  const Entry* first() const noexcept;
  const Entry* last() const noexcept;

  Cursor begin() const { return from({}); }
  std::default_sentinel_t end() const { return {}; }
  // The first entry whose key is not less than `key`.
  Cursor from(std::string_view key) const;
  // The first entry whose key is greater than `key`.
  Cursor after(std::string_view key) const;

  // Adds or replaces. True when the key is new.
  bool set(std::string_view key, V value, std::uint64_t contentHash, std::uint64_t weight = 0);
  // True when there was such a key.
  bool erase(std::string_view key);

  // The longest path from the root; for tests.
  std::size_t depth() const;

 private:
  struct Node {
    std::atomic<std::uint32_t> refs{1};
    std::uint32_t count = 1;
    std::uint64_t priority = 0;  // keyed hash of the key
    std::uint64_t ownHash = 0;   // of key and content
    std::uint64_t hash = 0;      // sums over the subtree
    std::uint64_t weight = 0;
    Node* left = nullptr;
    Node* right = nullptr;
    Node* doomedNext = nullptr;  // used once nobody holds the node any more
    std::shared_ptr<const Entry> entry;
  };

  static Node* share(Node* node) noexcept;
  static void drop(Node* node) noexcept;
  static Node* own(Node* node);
  static void sum(Node* node) noexcept;
  static bool above(const Node* a, const Node* b) noexcept;
  static Node* raiseLeft(Node* node) noexcept;
  static Node* raiseRight(Node* node) noexcept;
  static Node* merge(Node* left, Node* right);
  static Node* insert(Node* node, Node* fresh, bool& added);
  static Node* remove(Node* node, std::string_view key);

  Node* root_ = nullptr;
  HashSeed seed_;
};

}  // namespace clusterkit

#include "cluster/persistent_map_inl.hpp"
