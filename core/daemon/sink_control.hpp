// What the HTTP API needs of the node's hook sinks (http/sinks_handler.hpp), made of the event journal.
#pragma once

#include "daemon/sink_reload.hpp"
#include "events/event_journal.hpp"
#include "http/sinks_handler.hpp"

namespace clusterkit {

class JournalControl final : public http::SinkApi {
 public:
  // All outlive this object.
  JournalControl(EventLoop& loop, EventJournal& journal, SinkReload& reload)
      : loop_(loop), journal_(journal), reload_(reload) {}

  void listSinks(http::Callback<std::vector<http::SinkView>> done) override;
  void controlSink(std::string name, http::SinkControl control, http::Callback<http::SinkView> done) override;

 private:
  EventLoop& loop_;
  EventJournal& journal_;
  SinkReload& reload_;
  Lifetime lifetime_;
};

}  // namespace clusterkit
