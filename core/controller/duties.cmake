clusterkit_protobuf(clusterkit_duty_proto proto/duty.proto)
clusterkit_library(clusterkit_duties
  SOURCES admission.cpp announcer.cpp join_check.cpp leader_duties.cpp leader_gate.cpp probe_responder.cpp
  LINK clusterkit_controller clusterkit_cluster clusterkit_duty_proto)
