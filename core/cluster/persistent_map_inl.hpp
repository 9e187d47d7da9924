// The algorithms of PersistentMap; included by persistent_map.hpp only.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "cluster/persistent_map.hpp"

namespace clusterkit {

template <class V>
auto PersistentMap<V>::share(Node* node) noexcept -> Node* {
  if (node) node->refs.fetch_add(1, std::memory_order_relaxed);
  return node;
}

// Iterative: a chain of a million nodes must not need a million stack frames. The last holder of a node owns it, so
// its `left` may serve as the link of the list of nodes still to free.
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

// Takes over one reference to `node` and gives back one to a node that nobody else can reach. The acquire pairs with the
// release of another thread that dropped its version: its reads are over before we write.
template <class V>
auto PersistentMap<V>::own(Node* node) -> Node* {
  if (node->refs.load(std::memory_order_acquire) == 1) return node;
  Node* const copy = new Node;
  copy->count = node->count;
  copy->priority = node->priority;
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

}  // namespace clusterkit
