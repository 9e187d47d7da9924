// One meter per function of clusterkit.store/1. Internal to the store's port and proxy.
#pragma once

#include "host/plugin_call.hpp"

namespace clusterkit {

struct StoreMeters {
  StoreMeters(const HostServices& host, const HostParts& parts)
      : open(host, parts, "open"),
        submit(host, parts, "submit"),
        read(host, parts, "read"),
        termAt(host, parts, "term_at"),
        metaGet(host, parts, "meta_get"),
        snapCreate(host, parts, "snap_create"),
        snapWrite(host, parts, "snap_write"),
        snapCommit(host, parts, "snap_commit"),
        snapAbort(host, parts, "snap_abort"),
        snapOpen(host, parts, "snap_open"),
        snapRead(host, parts, "snap_read"),
        snapClose(host, parts, "snap_close"),
        stop(host, parts, "stop") {}

  CallMeter open, submit, read, termAt, metaGet, snapCreate, snapWrite, snapCommit, snapAbort, snapOpen,
      snapRead, snapClose, stop;
};

}  // namespace clusterkit
