# The user module for CMake ports; micropython.mk names the same source.
add_library(usermod_canonical INTERFACE)
target_sources(usermod_canonical INTERFACE ${CMAKE_CURRENT_LIST_DIR}/modcanonical.c)
target_include_directories(usermod_canonical INTERFACE ${CMAKE_CURRENT_LIST_DIR}/../wasm)
target_link_libraries(usermod INTERFACE usermod_canonical)
