# What find_package(ClusterKit) finds: ClusterKit::headers and clusterkit_add_plugin() for plugins, ClusterKit::clusterkitd
# for their tests, ClusterKit::node for programs that run a node inside.
include(CMakePackageConfigHelpers)
set(package_dir lib/cmake/ClusterKit)
set_target_properties(clusterkit_node PROPERTIES EXPORT_NAME node)
add_library(ClusterKit::node ALIAS clusterkit_node)
install(EXPORT ClusterKitTargets NAMESPACE ClusterKit:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/ClusterKitConfig.cmake.in
  ${CMAKE_BINARY_DIR}/ClusterKitConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/ClusterKitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/ClusterKitConfig.cmake ${CMAKE_BINARY_DIR}/ClusterKitConfigVersion.cmake
  cmake/ClusterKitPlugin.cmake cmake/plugin.map DESTINATION ${package_dir})
install(FILES config/clusterkit.ini config/clusterkit.xml DESTINATION share/clusterkit/config)
