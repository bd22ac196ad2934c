# RV32IMAC in QEMU's virt machine, held to QEMU_M0's memory: 1 MiB of flash, 256 KiB of RAM. Stand-in for an ESP32-C3.
RV32_ARCH = rv32imac
include $(UPSTREAM)/boards/VIRT_RV32/mpconfigboard.mk

LDSCRIPT = $(BOARD_DIR)/virt.ld
WASM_ARENA_KB ?= 96
STACK_SIZE ?= 10752
