// Has nothing but the headers that CMake puts in front of every test (tests/CMakeLists.txt).
