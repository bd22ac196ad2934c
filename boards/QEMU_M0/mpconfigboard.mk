# Cortex-M0 in QEMU's microbit machine, given 1 MiB of flash and 256 KiB of RAM: the stand-in for an RP2040.
include $(UPSTREAM)/boards/MICROBIT/mpconfigboard.mk

LDSCRIPT = arm.ld
MPY_CROSS_FLAGS = -march=armv6m
WASM_ARENA_KB ?= 96
STACK_SIZE ?= 10752
