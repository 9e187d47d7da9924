#include "http/http_server.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

#include <system_error>

#include "http/http_loop.hpp"

namespace clusterkit::http {
namespace {

constexpr int kBacklog = 1024;

// Of an error number without a class of its own, "no descriptors" for one, Poco says the number only.
std::string reasonOf(const Poco::Exception& failure) {
  const bool numbered = failure.code() != 0 && dynamic_cast<const Poco::IOException*>(&failure) != nullptr;
  return numbered ? std::generic_category().message(failure.code()) : failure.displayText();
}

Poco::Net::SocketAddress parseAddress(const std::string& listen) {
  try {
    return Poco::Net::SocketAddress(listen.starts_with(':') ? "127.0.0.1" + listen : listen);
  } catch (const Poco::Exception& bad) {
    throw ListenError(ListenError::Reason::BadAddress,
                      "cannot listen on " + listen + ": " + bad.displayText());
  }
}

Poco::Net::ServerSocket listenOn(const std::string& listen) {
  const Poco::Net::SocketAddress address = parseAddress(listen);
  Poco::Net::ServerSocket listener;
  try {
    // Reuse after a restart, but never share a port with a process that runs.
    listener.bind(address, /*reuseAddress=*/true, /*reusePort=*/false);
    listener.listen(kBacklog);
  } catch (const Poco::Exception& failure) {
    const bool inUse = failure.code() == EADDRINUSE;
    throw ListenError(inUse ? ListenError::Reason::AddressInUse : ListenError::Reason::Other,
                      "cannot listen on " + listen + ": " + reasonOf(failure));
  }
  ::fcntl(listener.impl()->sockfd(), F_SETFD, FD_CLOEXEC);
  return listener;
}

std::unique_ptr<HttpLoop> loopOf(const ServerOptions& options, const Poco::Net::ServerSocket& listener,
                                 RequestHandler& handler, HttpStats& stats) {
  const std::string what = "cannot wait for clients of " + options.listen + ": ";
  try {
    return std::make_unique<HttpLoop>(options, listener, handler, stats);
  } catch (const Poco::Exception& failure) {
    throw ListenError(ListenError::Reason::Other, what + reasonOf(failure));
  } catch (const std::system_error& failure) {
    throw ListenError(ListenError::Reason::Other, what + failure.what());
  }
}

}  // namespace

HttpServer::HttpServer(ServerOptions options, RequestHandler& handler) {
  const Poco::Net::ServerSocket listener = listenOn(options.listen);
  port_ = listener.address().port();
  loop_ = loopOf(options, listener, handler, stats_);
}

HttpServer::~HttpServer() { stop(); }

void HttpServer::start() {
  // Signals are for the main thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "ck-http");
    loop_->run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::function<void()> HttpServer::signaller() const { return loop_->signaller(); }

void HttpServer::stop() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
}

}  // namespace clusterkit::http
