# The shell around the pure state: coordinator, write path, snapshots, messages between nodes.
clusterkit_protobuf(clusterkit_peer_proto proto/peer_message.proto)
clusterkit_library(clusterkit_cluster
  SOURCES coordinator.cpp forward_intake.cpp peer_link.cpp read_path.cpp recent_states.cpp snapshotter.cpp write_path.cpp
  LINK clusterkit_state clusterkit_host clusterkit_peer_proto)
