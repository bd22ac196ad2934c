# The user module for Make ports; micropython.cmake names the same source.
SRC_USERMOD_C += $(USERMOD_DIR)/modheap.c
