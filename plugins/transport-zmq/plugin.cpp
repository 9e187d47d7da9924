// The component "zmq": see README.md.
#include "zmq_transport.hpp"

CK_TRANSPORT(clusterkit::zmq::ZmqTransport, "zmq", "0.1.0",
             "Messages between nodes over ZeroMQ, with CURVE keys if wanted", 0);
