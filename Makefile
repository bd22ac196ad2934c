# wasmote: everything is built into build/, set-up included; BOARD=… limits `firmware` to one board.
BOARD ?= QEMU_M0 QEMU_M3 QEMU_RV32 unix

.PHONY: help setup firmware unix examples demo test spec conformance faults fuzz size arena bench lint format tables clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

setup: ## Install what is missing: packages, MicroPython, wasm-tools, Python and Node environments, compilers of guests
	@scripts/setup.sh

firmware: setup ## Build the firmware of every board, or of BOARD=QEMU_M0|QEMU_M3|QEMU_RV32|unix
	@scripts/build_firmware.sh $(BOARD)

unix: ## Build only the board that runs on this machine
	@$(MAKE) --no-print-directory firmware BOARD=unix

examples: setup ## Build the example components from source
	@$(MAKE) --no-print-directory -C examples

demo: BOARD := QEMU_M0
demo: firmware examples ## A component on an emulated board answers a real MCP client
	@build/venv/bin/python scripts/demo.py

test: firmware examples ## Run all tests, or TESTS="tests/pc -k bridge"
	@scripts/test.sh $(TESTS)

spec: firmware ## The WebAssembly specification test suite on 5 targets, or SPEC="-t QEMU_M0 -v i32 br_table"
	@build/venv/bin/python scripts/spec_tests.py $(SPEC)

conformance: BOARD := QEMU_M0
conformance: firmware examples ## MCP's official conformance suite on QEMU_M0, or BOARD="unix QEMU_M3", one SCENARIO=ping
	@build/venv/bin/python scripts/conformance.py $(BOARD) $(SCENARIO:%=--scenario %)

faults: BOARD := unix
faults: firmware examples ## Calls over bad lines, cut cables, resets, hostile bytes, or FAULTS="--seed 2 --calls 500 --board qemu:m0"
	@build/venv/bin/python scripts/faults.py $(FAULTS)

fuzz: examples ## Random modules against wasmtime for two minutes, or FUZZ="--seconds 3600", --damage 100000
	@build/venv/bin/python scripts/fuzz.py $(FUZZ)

size: BOARD := QEMU_M0 QEMU_M3
size: firmware ## Flash and RAM per layer
	@scripts/size.py QEMU_M0 QEMU_M3

arena: examples ## What each example component has in the arena, byte for byte
	@for file in build/examples/*.wasm; do echo "$$file"; build/venv/bin/python scripts/arena.py --memory=84 $$file || exit; done

bench: BOARD := QEMU_M0 QEMU_M3 QEMU_RV32
bench: firmware examples ## Speed, instructions and memory against wasm3 and native code, into build/bench
	@scripts/setup/bench.sh
	@build/venv/bin/python scripts/bench $(PROGRAMS)

lint: setup ## Check formatting and style
	@scripts/lint.sh check

format: setup ## Rewrite the sources in house style
	@scripts/lint.sh fix

tables: ## Regenerate the C, Python and docs tables from firmware/wasm/*.csv
	@python3 scripts/make_tables.py

clean: ## Remove what was built, keep what was downloaded
	rm -rf build/firmware build/examples build/conformance build/bench
