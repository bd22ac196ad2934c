# The user module for CMake ports; micropython.mk names the same source.
add_library(usermod_heap INTERFACE)
target_sources(usermod_heap INTERFACE ${CMAKE_CURRENT_LIST_DIR}/modheap.c)
target_link_libraries(usermod INTERFACE usermod_heap)
