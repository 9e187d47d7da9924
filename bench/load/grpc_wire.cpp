// etcd's KV service over gRPC. nghttp2 alone costs the client less than a gRPC library (grpc_library.hpp): on
// a machine that client and cluster share, that is to etcd's favour.
// Sources: gRPC over HTTP/2 (PROTOCOL-HTTP2.md); etcd 3.4 rpc.proto for the field numbers.
#include <nghttp2/nghttp2.h>

#include "load/wire.hpp"

namespace clusterkit::bench {
namespace {

// Protocol buffers: tag = field number << 3 | wire type.
constexpr char kKeyField = 1 << 3 | 2;
constexpr char kPutValueField = 2 << 3 | 2;
constexpr char kRangeSerializableField = 7 << 3 | 0;

void appendBytes(std::string& out, char tag, std::string_view bytes) {
  out += tag;
  auto left = bytes.size();
  for (; left >= 0x80; left >>= 7) out += static_cast<char>(left | 0x80);
  out += static_cast<char>(left);
  out += bytes;
}

std::string message(const Request& request) {
  std::string body;
  appendBytes(body, kKeyField, request.key);
  if (request.work == Work::put) appendBytes(body, kPutValueField, request.value);
  if (request.work == Work::localRead) body.append({kRangeSerializableField, 1});
  std::string framed(1, '\0');  // not compressed
  for (int shift = 24; shift >= 0; shift -= 8) framed += static_cast<char>(body.size() >> shift);
  return framed + body;
}

nghttp2_nv field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

class GrpcWire final : public Wire {
 public:
  GrpcWire(const std::string& host, std::size_t valueBytes) : host_(host), valueBytes_(valueBytes) {
    nghttp2_session_callbacks* callbacks = nullptr;
    check(nghttp2_session_callbacks_new(&callbacks));
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &GrpcWire::onHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &GrpcWire::onData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &GrpcWire::onClose);
    check(nghttp2_session_client_new(&session_, callbacks, this));
    nghttp2_session_callbacks_del(callbacks);
    check(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0));
  }
  GrpcWire(const GrpcWire&) = delete;
  GrpcWire& operator=(const GrpcWire&) = delete;
  ~GrpcWire() override { nghttp2_session_del(session_); }

  void ask(const Request& request, std::string& out) override {
    body_ = message(request);
    sent_ = received_ = 0;
    read_ = request.work != Work::put;
    answered_ = succeeded_ = false;
    const nghttp2_nv head[] = {
        field(":method", "POST"),
        field(":scheme", "http"),
        field(":path", read_ ? "/etcdserverpb.KV/Range" : "/etcdserverpb.KV/Put"),
        field(":authority", host_),
        field("content-type", "application/grpc"),
        field("te", "trailers"),
    };
    nghttp2_data_provider provider{{.ptr = this}, &GrpcWire::onBody};
    check(nghttp2_submit_request(session_, nullptr, head, std::size(head), &provider, nullptr));
    flush(out);
  }

  bool hear(std::string_view bytes, std::string& out) override {
    const auto taken =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    check(static_cast<int>(taken));
    flush(out);
    if (!answered_) return false;
    if (!succeeded_ || (read_ && received_ < valueBytes_)) throw WireError("etcd refused a request");
    answered_ = false;
    return true;
  }

 private:
  static void check(int result) {
    if (result < 0) throw WireError(std::string("HTTP/2: ") + nghttp2_strerror(result));
  }

  void flush(std::string& out) {
    const std::uint8_t* bytes = nullptr;
    while (const auto length = nghttp2_session_mem_send(session_, &bytes)) {
      check(static_cast<int>(length));
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    }
  }

  static GrpcWire& self(void* user) { return *static_cast<GrpcWire*>(user); }

  static ssize_t onBody(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t room,
                        std::uint32_t* flags, nghttp2_data_source*, void* user) {
    auto& wire = self(user);
    const auto taken = wire.body_.copy(reinterpret_cast<char*>(to), room, wire.sent_);
    wire.sent_ += taken;
    if (wire.sent_ == wire.body_.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(taken);
  }

  static int onHeader(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                      std::size_t nameLength, const std::uint8_t* value, std::size_t valueLength,
                      std::uint8_t, void* user) {
    const std::string_view field(reinterpret_cast<const char*>(name), nameLength);
    if (field == "grpc-status") self(user).succeeded_ = valueLength == 1 && *value == '0';
    return 0;
  }

  static int onData(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t*, std::size_t length,
                    void* user) {
    self(user).received_ += length;
    return 0;
  }

  static int onClose(nghttp2_session*, std::int32_t, std::uint32_t, void* user) {
    self(user).answered_ = true;
    return 0;
  }

  std::string host_;
  std::size_t valueBytes_;
  nghttp2_session* session_ = nullptr;
  std::string body_;  // of the request under way
  std::size_t sent_ = 0, received_ = 0;
  bool read_ = false, answered_ = false, succeeded_ = false;
};

}  // namespace

std::unique_ptr<Wire> grpcWire(const std::string& host, std::size_t valueBytes) {
  return std::make_unique<GrpcWire>(host, valueBytes);
}

}  // namespace clusterkit::bench
