# boards/unix: upstream's unix port for tests and fuzzing, with our frozen package and C module; no network, no TLS.
WASM_ARENA_KB ?= 96
CFLAGS += -DWASM_ARENA_KB=$(WASM_ARENA_KB)

FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py
MPY_CROSS_FLAGS += -march=host

MICROPY_PY_BTREE = 0
MICROPY_PY_SOCKET = 0
MICROPY_PY_SSL = 0
MICROPY_PY_THREAD = 0
MICROPY_SSL_AXTLS = 0
MICROPY_SSL_MBEDTLS = 0
