# clusterkit_add_plugin(NAME KIND kind SOURCES file... [LIBRARIES lib...] [DESTINATION dir] [NO_INSTALL])
#
# Builds NAME.so the way the host wants it: one exported symbol, hidden visibility, no GNU-unique symbols (two
# generations of one plugin must not share statics), all symbols resolved at link time, never unloaded.
# Serves this tree and, through find_package(ClusterKit), projects outside it.
set(CLUSTERKIT_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/plugin.map)

function(clusterkit_add_plugin name)
  cmake_parse_arguments(ARG "NO_INSTALL" "KIND;DESTINATION" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "clusterkit_add_plugin(${name}): SOURCES is missing")
  endif()
  if(NOT ARG_KIND MATCHES "^(store|transport|consensus|sink)$")
    message(FATAL_ERROR "clusterkit_add_plugin(${name}): KIND '${ARG_KIND}', allowed are store, transport, consensus, sink")
  endif()
  add_library(${name} MODULE ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ClusterKit::headers ${ARG_LIBRARIES})
  set_target_properties(${name} PROPERTIES
    PREFIX "" POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
  if(CLUSTERKIT_PLUGIN_DIR)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CLUSTERKIT_PLUGIN_DIR})
  endif()
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${CLUSTERKIT_PLUGIN_MAP} -Wl,-z,now -Wl,-z,nodelete -Wl,--exclude-libs,ALL)
  set_target_properties(${name} PROPERTIES LINK_DEPENDS ${CLUSTERKIT_PLUGIN_MAP})
  if(NOT CLUSTERKIT_SANITIZE)
    # A sanitizer's run-time comes from the host executable, so -z defs would refuse it.
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  if(NOT ARG_DESTINATION)
    set(ARG_DESTINATION lib/clusterkit/plugins)
  endif()
  if(NOT ARG_NO_INSTALL)
    install(TARGETS ${name} LIBRARY DESTINATION ${ARG_DESTINATION})
  endif()
endfunction()
