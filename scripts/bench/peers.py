# SPDX-License-Identifier: MIT
"""What to set our instruction counts against: wasm3 and native code on the same machines, without any firmware.

wasm3's sources are those of PyPI's pywasm3 (scripts/setup/bench.sh), compiled with its own -O3; the programs' native code
with -O2. Both run the same rounds of the same programs as the firmware (tests/bench/bare).
"""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import emulated
from programs import BUILD, ROOT, STRICT, tool
from wasmote.ports import emulator

BARE = ROOT / "tests/bench/bare"
WASM3 = ROOT / "build/wasm3"
OUT = BUILD / "bare"

ARM = ["--specs=nosys.specs", "-Wl,--defsym=ROM_ORIGIN=0,--defsym=RAM_ORIGIN=0x20000000"]
TARGETS = {
    "QEMU_M0": ("arm-none-eabi-gcc", ["-mcpu=cortex-m0", "-mthumb"], ARM),
    "QEMU_M3": ("arm-none-eabi-gcc", ["-mcpu=cortex-m3", "-mthumb"], ARM),
    "QEMU_RV32": (
        "riscv64-unknown-elf-gcc",
        ["-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs"],
        ["-Wl,--defsym=ROM_ORIGIN=0x80000000,--defsym=RAM_ORIGIN=0x80100000"],
    ),
}
WASM3_FLAGS = ["-O3", "-fomit-frame-pointer", "-w", "-DNASSERTS", "-Dd_m3VerboseErrorMessages=0", f"-I{WASM3}"]
NATIVE_FLAGS = ["-O2", *STRICT, "-fno-math-errno"]


def _write_programs(programs):
    lines = [f"PROGRAM({program.name}, {program.rounds})\n" for program in programs]
    (OUT / "programs.h").write_text("".join(lines))
    pieces = [
        f".section .rodata\n.balign 4\n.global {p.name}_wasm, {p.name}_wasm_end\n"
        f'{p.name}_wasm: .incbin "{p.wasm}"\n{p.name}_wasm_end: .byte 0\n'
        for p in programs
    ]
    (OUT / "programs.s").write_text("".join(pieces))


def build(board, programs):
    """build/bench/bare/BOARD.elf; only wasm3 is kept from the last time."""
    compiler, machine, linking = TARGETS[board]
    folder = OUT / board
    folder.mkdir(parents=True, exist_ok=True)
    _write_programs(programs)
    jobs = {f"run_{p.name}": (p.source, [*NATIVE_FLAGS, f"-Drun=run_{p.name}"]) for p in programs}
    jobs |= {name: (BARE / f"{name}.c", ["-O2", f"-D{board}", f"-I{WASM3}", f"-I{OUT}"]) for name in ("start", "main")}
    jobs |= {"programs": (OUT / "programs.s", [])}
    kept = {path.stem: (path, WASM3_FLAGS) for path in WASM3.glob("*.c")}
    jobs |= {name: job for name, job in kept.items() if not (folder / f"{name}.o").exists()}

    def compile_one(name):
        source, flags = jobs[name]
        tool([compiler, *machine, *flags, "-c", source, "-o", folder / f"{name}.part"])
        (folder / f"{name}.part").rename(folder / f"{name}.o")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compile_one, jobs))
    elf = OUT / f"{board}.elf"
    objects = [folder / f"{name}.o" for name in {**kept, **jobs}]
    tool([compiler, *machine, *linking, "-nostartfiles", "-T", BARE / "link.ld", "-Wl,--gc-sections", "-o", elf,
          *objects, "-lm"], quiet=True)  # fmt: skip
    return elf


def measure(board, programs):
    """{program: {"native", "wasm3", "load": instructions, "checksum", "heap": bytes of wasm3's heap}}"""
    elf = build(board, programs)
    qemu, arguments = emulator.machine(board)
    arguments = [word.replace("sram-size=262144", "sram-size=1048576") for word in arguments]
    command = [qemu, *arguments, "-icount", f"shift={emulated.SHIFT},sleep=off", "-kernel", elf, "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native"]
    output = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    lines = (output.stdout + output.stderr).splitlines()
    per_tick = 1e9 / (1 << emulated.SHIFT) / int(lines[0].split()[1])
    found = {}
    for name, native, native_ticks, wasm3, ticks, load, heap in map(str.split, lines[1:]):
        if native != wasm3:
            raise AssertionError(f"{name} on {board}: native code says {native}, wasm3 {wasm3}")
        found[name] = {"checksum": int(native), "heap": int(heap), "native": round(int(native_ticks) * per_tick),
                       "wasm3": round(int(ticks) * per_tick), "load": round(int(load) * per_tick)}  # fmt: skip
    return found
