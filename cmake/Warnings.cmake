# Warnings are errors for every target of ours; link `clusterkit_warnings` privately.
add_library(clusterkit_warnings INTERFACE)
target_compile_options(clusterkit_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> -Werror)
