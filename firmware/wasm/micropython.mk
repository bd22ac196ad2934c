# The user module for Make ports; micropython.cmake names the same sources.
WASM_DIR := $(USERMOD_DIR)
SRC_USERMOD_C += $(addprefix $(WASM_DIR)/, modwasm.c exec.c arena.c memory.c translate.c translate_branch.c translate_control.c translate_emit.c translate_lower.c translate_memory.c bulk.c table.c floats.c)
CFLAGS_USERMOD += -I$(WASM_DIR)
ifneq ($(WASM_EXEC_IN_RAM),)
CFLAGS_USERMOD += -DWASM_EXEC_IN_RAM=$(WASM_EXEC_IN_RAM)
endif
ifneq ($(WASM_ARENA_KB),)
CFLAGS_USERMOD += -DWASM_ARENA_KB=$(WASM_ARENA_KB)
endif
