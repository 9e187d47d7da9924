# Warnings are errors for every target of ours; link `clusterkit_warnings` privately.
add_library(clusterkit_warnings INTERFACE)
target_compile_options(clusterkit_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> -Werror)
# GCC 12 takes the members of a moved std::variant for uninitialized once it optimizes (GCC bug 105593 and its kin); the
# sanitizers and valgrind do not agree with it.
target_compile_options(clusterkit_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
