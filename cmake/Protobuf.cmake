# clusterkit_protobuf(TARGET file.proto): a static library of the generated code (lite runtime), headers by basename.
find_package(Protobuf REQUIRED)
function(clusterkit_protobuf target proto)
  get_filename_component(base ${proto} NAME_WE)
  get_filename_component(dir ${CMAKE_CURRENT_SOURCE_DIR}/${proto} DIRECTORY)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/proto)
  add_custom_command(
    OUTPUT ${out}/${base}.pb.cc ${out}/${base}.pb.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
    COMMAND protobuf::protoc --cpp_out=lite:${out} -I${dir} ${CMAKE_CURRENT_SOURCE_DIR}/${proto}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${proto})
  add_library(${target} STATIC ${out}/${base}.pb.cc ${out}/${base}.pb.h)
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf-lite Threads::Threads)
  install(TARGETS ${target} EXPORT ClusterKitTargets ARCHIVE DESTINATION lib/clusterkit)
endfunction()
