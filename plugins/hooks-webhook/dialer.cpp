#include "dialer.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace clusterkit::webhook {
namespace {

using Poco::Net::Context;
using Poco::Net::SecureStreamSocket;
using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;

Context::Ptr makeContext(const TlsSettings& tls) {
  Context::Params params;
  // Strict, since the relaxed mode accepts any certificate from a loopback address.
  params.verificationMode = tls.verify == Verify::Full ? Context::VERIFY_STRICT : Context::VERIFY_NONE;
  params.caLocation = tls.caFile;
  params.loadDefaultCAs = tls.caFile.empty();
  params.certificateFile = tls.certFile;
  params.privateKeyFile = tls.keyFile;
  params.cipherList = "HIGH:!aNULL:!MD5:!RC4";
  try {
    Context::Ptr context = new Context(Context::TLS_CLIENT_USE, params);
    context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
    // OpenSSL drops a key that does not belong to the certificate without a word.
    if (!tls.keyFile.empty() && SSL_CTX_check_private_key(context->sslContext()) != 1)
      throw Error(CK_INVALID, "key_file: does not belong to the certificate in cert_file");
    return context;
  } catch (const Poco::Exception& error) {
    throw Error(CK_INVALID, "ca_file, cert_file or key_file: " + error.displayText());
  }
}

StreamSocket startConnect(const SocketAddress& address) {
  StreamSocket socket(address.family());
  // A program that the node starts must not hold our connections open.
  ::fcntl(socket.impl()->sockfd(), F_SETFD, FD_CLOEXEC);
  socket.connectNB(address);
  return socket;
}

// Without a limit of its own: a Watch ends it.
void waitConnected(StreamSocket& socket) {
  pollfd writable{socket.impl()->sockfd(), POLLOUT, 0};
  while (::poll(&writable, 1, -1) < 0)
    if (errno != EINTR) throw std::system_error(errno, std::system_category(), "poll");
  if (const int error = socket.impl()->socketError())
    throw std::runtime_error("connect: " + std::system_category().message(error));
  socket.setBlocking(true);
  socket.setNoDelay(true);
}

}  // namespace

Dialer::Dialer(const Settings& settings)
    : target_(settings.target),
      connectTimeout_(settings.connectTimeout),
      tls_(target_.scheme == Scheme::Https ? makeContext(settings.tls) : nullptr),
      resolver_(target_.host) {}

std::unique_ptr<Connection> Dialer::dial(Watchdog& watchdog, std::uint64_t deadline) {
  const Addresses addresses =
      resolver_.addresses(watchdog, std::min(deadline, watchdog.after(connectTimeout_)));
  for (std::size_t i = 0;; ++i) {
    const bool last = i + 1 == addresses.size();
    try {
      return dial(SocketAddress(addresses[i], target_.port), watchdog, deadline);
    } catch (const Stopped&) {
      throw;
    } catch (const Poco::Exception& error) {
      if (last) throw std::runtime_error(error.displayText());
    } catch (const std::exception&) {
      if (last) throw;
    }
  }
}

std::unique_ptr<Connection> Dialer::dial(const SocketAddress& address, Watchdog& watchdog,
                                         std::uint64_t deadline) {
  // Both outlive the watch: a descriptor that is closed under it may be somebody else's by then.
  StreamSocket socket = startConnect(address);
  std::unique_ptr<Connection> connection;
  const Watch watch(watchdog, std::min(deadline, watchdog.after(connectTimeout_)),
                    [fd = socket.impl()->sockfd()] { ::shutdown(fd, SHUT_RDWR); });
  try {
    waitConnected(socket);
    connection = std::make_unique<Connection>(tls_ ? secured(socket) : socket);
  } catch (const std::exception&) {  // Poco's are
    watch.check("did not connect in time");
    throw;
  }
  watch.check("did not connect in time");
  return connection;
}

StreamSocket Dialer::secured(const StreamSocket& socket) const {
  SecureStreamSocket secure = SecureStreamSocket::attach(socket, target_.host, tls_);
  // attach() reports success also when the handshake has not ended, and has compared no name then.
  if (secure.completeHandshake() != 1) throw std::runtime_error("TLS: the handshake did not end");
  secure.verifyPeerCertificate(target_.host);
  return secure;
}

}  // namespace clusterkit::webhook
