// The algorithms of PersistentMap; included by persistent_map.hpp only.
#pragma once

#include <algorithm>

#include "cluster/persistent_map.hpp"

namespace clusterkit {

template <class V>
auto PersistentMap<V>::share(Node* node) noexcept -> Node* {
  if (node) node->refs.fetch_add(1, std::memory_order_relaxed);
  return node;
}

// Iterative: dropping a map needs no stack in proportion to its depth.
template <class V>
void PersistentMap<V>::drop(Node* node) noexcept {
  Node* doomed = nullptr;
  const auto release = [&doomed](Node* n) {
    if (n && n->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      n->doomedNext = doomed;
      doomed = n;
    }
  };
  release(node);
  while (doomed) {
    Node* const dead = std::exchange(doomed, doomed->doomedNext);
    release(dead->left);
    release(dead->right);
    delete dead;
  }
}

// Takes over one reference to `node` and gives back one to a node that nobody else can reach. The acquire
// pairs with the release of another thread that dropped its version: its reads are over before we write.
template <class V>
auto PersistentMap<V>::own(Node* node) -> Node* {
  if (node->refs.load(std::memory_order_acquire) == 1) return node;
  Node* const copy = new Node;
  copy->count = node->count;
  copy->priority = node->priority;
  copy->ownHash = node->ownHash;
  copy->hash = node->hash;
  copy->weight = node->weight;
  copy->entry = node->entry;
  copy->left = share(node->left);
  copy->right = share(node->right);
  drop(node);
  return copy;
}

template <class V>
void PersistentMap<V>::sum(Node* node) noexcept {
  node->count = 1;
  node->weight = node->entry->weight;
  node->hash = node->ownHash;
  for (const Node* child : {node->left, node->right}) {
    if (!child) continue;
    node->count += child->count;
    node->weight += child->weight;
    node->hash += child->hash;
  }
}

// Who is nearer to the root. The key decides between equal priorities, so that the shape never depends on
// history.
template <class V>
bool PersistentMap<V>::above(const Node* a, const Node* b) noexcept {
  return a->priority != b->priority ? a->priority > b->priority : a->entry->key < b->entry->key;
}

// Rotations; `node` and the child that rises are owned by the caller alone.
template <class V>
auto PersistentMap<V>::raiseLeft(Node* node) noexcept -> Node* {
  Node* const top = node->left;
  node->left = top->right;
  sum(node);
  top->right = node;
  sum(top);
  return top;
}

template <class V>
auto PersistentMap<V>::raiseRight(Node* node) noexcept -> Node* {
  Node* const top = node->right;
  node->right = top->left;
  sum(node);
  top->left = node;
  sum(top);
  return top;
}

// Every key in `left` is less than every key in `right`. Takes over both references.
template <class V>
auto PersistentMap<V>::merge(Node* left, Node* right) -> Node* {
  if (!left) return right;
  if (!right) return left;
  if (above(left, right)) {
    left = own(left);
    left->right = merge(left->right, right);
    sum(left);
    return left;
  }
  right = own(right);
  right->left = merge(left, right->left);
  sum(right);
  return right;
}

template <class V>
auto PersistentMap<V>::insert(Node* node, Node* fresh, bool& added) -> Node* {
  if (!node) {
    added = true;
    return fresh;
  }
  node = own(node);
  const int order = std::string_view(fresh->entry->key).compare(node->entry->key);
  if (order == 0) {
    node->entry = std::move(fresh->entry);
    node->ownHash = fresh->ownHash;
    delete fresh;
    sum(node);
    return node;
  }
  Node*& side = order < 0 ? node->left : node->right;
  side = insert(side, fresh, added);
  if (above(side, node)) return order < 0 ? raiseLeft(node) : raiseRight(node);
  sum(node);
  return node;
}

// Precondition: the key is there.
template <class V>
auto PersistentMap<V>::remove(Node* node, std::string_view key) -> Node* {
  node = own(node);
  const int order = key.compare(node->entry->key);
  if (order == 0) {
    Node* const rest = merge(std::exchange(node->left, nullptr), std::exchange(node->right, nullptr));
    drop(node);
    return rest;
  }
  Node*& side = order < 0 ? node->left : node->right;
  side = remove(side, key);
  sum(node);
  return node;
}

template <class V>
const V* PersistentMap<V>::find(std::string_view key) const noexcept {
  const Node* node = root_;
  while (node) {
    const int order = key.compare(node->entry->key);
    if (order == 0) return &node->entry->value;
    node = order < 0 ? node->left : node->right;
  }
  return nullptr;
}

template <class V>
auto PersistentMap<V>::first() const noexcept -> const Entry* {
  const Node* node = root_;
  while (node && node->left) node = node->left;
  return node ? node->entry.get() : nullptr;
}

template <class V>
auto PersistentMap<V>::last() const noexcept -> const Entry* {
  const Node* node = root_;
  while (node && node->right) node = node->right;
  return node ? node->entry.get() : nullptr;
}

template <class V>
bool PersistentMap<V>::set(std::string_view key, V value, std::uint64_t contentHash, std::uint64_t weight) {
  Node* const fresh = new Node;
  fresh->entry =
      std::make_shared<const Entry>(Entry{std::string(key), std::move(value), contentHash, weight});
  fresh->priority = sipHash(seed_, key);
  fresh->ownHash = mixBits(fresh->priority + mixBits(contentHash));
  sum(fresh);
  bool added = false;
  root_ = insert(root_, fresh, added);
  return added;
}

template <class V>
bool PersistentMap<V>::erase(std::string_view key) {
  if (!find(key)) return false;
  root_ = remove(root_, key);
  return true;
}

template <class V>
void PersistentMap<V>::Cursor::descendLeft(const Node* node) {
  for (; node; node = node->left) path_.push_back(node);
}

template <class V>
auto PersistentMap<V>::Cursor::operator++() -> Cursor& {
  const Node* const visited = path_.back();
  path_.pop_back();
  descendLeft(visited->right);
  return *this;
}

template <class V>
auto PersistentMap<V>::from(std::string_view key) const -> Cursor {
  Cursor cursor;
  for (const Node* node = root_; node;) {
    const bool wanted = std::string_view(node->entry->key) >= key;
    if (wanted) cursor.path_.push_back(node);
    node = wanted ? node->left : node->right;
  }
  return cursor;
}

template <class V>
auto PersistentMap<V>::after(std::string_view key) const -> Cursor {
  Cursor cursor = from(key);
  if (cursor && cursor->key == key) ++cursor;
  return cursor;
}

template <class V>
std::size_t PersistentMap<V>::depth() const {
  struct Step {
    const Node* node;
    std::size_t depth;
  };
  std::vector<Step> todo;
  std::size_t deepest = 0;
  if (root_) todo.push_back({root_, 1});
  while (!todo.empty()) {
    const Step step = todo.back();
    todo.pop_back();
    deepest = std::max(deepest, step.depth);
    for (const Node* child : {step.node->left, step.node->right}) {
      if (child) todo.push_back({child, step.depth + 1});
    }
  }
  return deepest;
}

}  // namespace clusterkit
