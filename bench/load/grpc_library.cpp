// The only file that includes gRPC's library. Clients share up to 16 channels, each with a connection of its
// own, as the goals for etcd were measured; every call is prepared anew, which is how the library is used.
#include "load/grpc_library.hpp"

#include <grpcpp/grpcpp.h>

#include <algorithm>

#include "etcd_kv.grpc.pb.h"

namespace clusterkit::bench {
namespace {

using etcdserverpb::KV;

constexpr std::size_t kMostChannels = 16;

std::chrono::system_clock::time_point stalled() { return std::chrono::system_clock::now() + kStall; }

struct Put {
  using Answer = etcdserverpb::PutResponse;

  static auto prepare(KV::Stub& stub, grpc::ClientContext& context, const Request& request,
                      grpc::CompletionQueue& queue) {
    etcdserverpb::PutRequest message;
    message.set_key(request.key.data(), request.key.size());
    message.set_value(request.value.data(), request.value.size());
    return stub.PrepareAsyncPut(&context, message, &queue);
  }

  static bool whole(const Answer&, std::size_t) { return true; }
};

struct Read {
  using Answer = etcdserverpb::RangeResponse;

  static auto prepare(KV::Stub& stub, grpc::ClientContext& context, const Request& request,
                      grpc::CompletionQueue& queue) {
    etcdserverpb::RangeRequest message;
    message.set_key(request.key.data(), request.key.size());
    message.set_serializable(request.work == Work::localRead);
    return stub.PrepareAsyncRange(&context, message, &queue);
  }

  static bool whole(const Answer& answer, std::size_t valueBytes) {
    return answer.kvs_size() == 1 && answer.kvs(0).value().size() >= valueBytes;
  }
};

template <class Method>
class Client {
 public:
  explicit Client(KV::Stub& stub) : stub_(stub) {}

  Round::Clock::time_point asked() const { return asked_; }

  void ask(const Request& request, grpc::CompletionQueue& queue) {
    asked_ = Round::Clock::now();
    call_ = std::make_unique<Call>();
    call_->reader = Method::prepare(stub_, call_->context, request, queue);
    call_->reader->StartCall();
    call_->reader->Finish(&call_->answer, &call_->status, this);
  }

  void check(std::size_t valueBytes) const {
    if (!call_->status.ok()) throw WireError("etcd refused a request: " + call_->status.error_message());
    if (!Method::whole(call_->answer, valueBytes)) throw WireError("etcd answered a read without its value");
  }

  void cancel() {
    if (call_) call_->context.TryCancel();
  }

 private:
  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<typename Method::Answer>> reader;
    typename Method::Answer answer;
    grpc::Status status;
  };

  KV::Stub& stub_;
  std::unique_ptr<Call> call_;
  Round::Clock::time_point asked_;
};

template <class Method>
class LibraryLoop {
 public:
  LibraryLoop(const std::vector<std::uint16_t>& ports, const Load& load) : valueBytes_(load.valueBytes) {
    for (std::size_t i = 0; i < std::min(load.clients, kMostChannels); ++i)
      stubs_.push_back(KV::NewStub(connected(ports[i % ports.size()])));
    for (std::size_t i = 0; i < load.clients; ++i) clients_.emplace_back(*stubs_[i % stubs_.size()]);
  }
  LibraryLoop(const LibraryLoop&) = delete;
  LibraryLoop& operator=(const LibraryLoop&) = delete;

  // The queue writes into calls under way until it gave each of them back.
  ~LibraryLoop() {
    for (auto& client : clients_) client.cancel();
    queue_.Shutdown();
    void* tag = nullptr;
    for (bool ok = false; queue_.Next(&tag, &ok);) continue;
  }

  void run(Round& round) {
    for (auto& client : clients_) client.ask(round.draw(), queue_);
    while (!round.over()) {
      auto& client = next();
      client.check(valueBytes_);
      round.answered(client.asked());
      client.ask(round.draw(), queue_);
    }
  }

 private:
  static std::shared_ptr<grpc::Channel> connected(std::uint16_t port) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
                     1);                              // else channels of one address share a connection
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // else the environment may lead it elsewhere
    auto channel = grpc::CreateCustomChannel("ipv4:127.0.0.1:" + std::to_string(port),
                                             grpc::InsecureChannelCredentials(), arguments);
    if (!channel->WaitForConnected(stalled())) throw WireError("etcd takes no connection");
    return channel;
  }

  Client<Method>& next() {
    void* tag = nullptr;
    bool ok = false;  // says nothing about the end of a call: its status does
    if (queue_.AsyncNext(&tag, &ok, stalled()) != grpc::CompletionQueue::GOT_EVENT)
      throw WireError("no answer for " + std::to_string(kStall.count()) + " ms");
    return *static_cast<Client<Method>*>(tag);
  }

  std::size_t valueBytes_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<KV::Stub>> stubs_;
  std::vector<Client<Method>> clients_;
};

template <class Method>
Measured driveBy(const std::vector<std::uint16_t>& ports, const Load& load) {
  LibraryLoop<Method> clients(ports, load);
  Round round(load);
  clients.run(round);
  return round.measured();
}

}  // namespace

Driver grpcLibrary() {
  return {
      "grpc++ " + grpc::Version() + ", clients on up to " + std::to_string(kMostChannels) + " connections",
      [](const std::vector<std::uint16_t>& ports, const Load& load) {
        return load.work == Work::put ? driveBy<Put>(ports, load) : driveBy<Read>(ports, load);
      }};
}

}  // namespace clusterkit::bench
