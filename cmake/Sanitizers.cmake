# CLUSTERKIT_SANITIZE is "", "address" (with UB) or "thread"; it applies to everything, plugins included,
# because host and plugin must agree on the run-time library.
set(CLUSTERKIT_SANITIZE "" CACHE STRING "address, thread or empty")
if(CLUSTERKIT_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(CLUSTERKIT_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT CLUSTERKIT_SANITIZE STREQUAL "")
  message(FATAL_ERROR "CLUSTERKIT_SANITIZE=${CLUSTERKIT_SANITIZE}: allowed are address, thread or empty")
endif()
