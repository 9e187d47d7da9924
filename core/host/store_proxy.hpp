// The store as the consensus sees it: the ABI's own table, every call checked before it is passed on.
// Internal to the store's port.
#pragma once

#include <deque>

#include "host/store_port.hpp"

namespace clusterkit {

class StoreProxy {
 public:
  explicit StoreProxy(StorePort& port) : port_(port) {}

  void attach(StoreClient* client, const PluginName* user);
  static const ck_store_1 table;

  // The port's batches up to `upto` are durable.
  void settle(std::uint64_t upto);
  void fail(const ck_error& error);
  void roomAgain();

 private:
  struct Calls;  // the functions of the table
  struct Batch {
    std::uint64_t seq;        // the store's
    std::uint64_t clientSeq;  // the client's
  };

  // Whether a call may pass; reports the broken rule otherwise.
  bool onLoop(const char* function);
  bool require(bool condition, const char* function, const char* rule);
  // For calls with a token: binds it to the store. False: the call must not be passed on, and has been
  // answered where that is possible.
  bool admit(const char* function, ck_token token, Status ifLost);
  void refuse(ck_token token, Status status, const char* why);
  ck_status submit(const ck_store_batch* batch, std::uint64_t seq);
  bool checkBatch(const ck_store_batch* batch, std::uint64_t seq);
  bool checkEntries(const ck_store_batch& batch);
  bool checkMeta(const ck_store_batch& batch);

  StorePort& port_;
  StoreClient* client_ = nullptr;
  const PluginName* user_ = nullptr;
  std::deque<Batch> batches_;  // not yet durable
  std::uint64_t lastClientSeq_ = 0;
  std::uint64_t durableClientSeq_ = 0;
  bool refused_ = false;
};

}  // namespace clusterkit
