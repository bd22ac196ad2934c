# Cortex-M3 in QEMU's mps2-an385 machine, held to QEMU_M0's memory: 1 MiB of flash, 256 KiB of RAM.
include $(UPSTREAM)/boards/MPS2_AN385/mpconfigboard.mk

# The machine has RAM at both of arm.ld's addresses.
LDSCRIPT = arm.ld
WASM_ARENA_KB ?= 96
STACK_SIZE ?= 10752
