# SPDX-License-Identifier: MIT
"""What the firmware's build tells about the engine: bytes of code, C stack, and a variant that charges no fuel."""

import os
import re
import shutil
import subprocess
import sys

from peers import TARGETS
from programs import BUILD, ROOT, tool

sys.path.append(str(ROOT / "scripts"))
import size

FIRMWARE = ROOT / "build/firmware"


def engine_text(board):
    """Bytes of flash that firmware/wasm takes."""
    return size.measure(board)[0][size.ENGINE]


def stack_of_run(board):
    """Bytes of C stack of run() on a board, without and with the deepest of what it calls."""
    gcc, flags, _ = TARGETS[board]
    compiler = (gcc, *flags)
    folder = BUILD / "stack" / board
    folder.mkdir(parents=True, exist_ok=True)
    libgcc = subprocess.run([*compiler, "-print-libgcc-file-name"], capture_output=True, text=True).stdout.strip()
    frames, callees = _disassembled(gcc, [libgcc])
    for source in sorted((ROOT / "firmware/wasm").glob("*.c")):
        if source.name == "modwasm.c":
            continue
        flags = ["-Os", "-std=gnu99", "-fstack-usage", f"-I{ROOT}/firmware/wasm"]
        tool([*compiler, *flags, "-c", source, "-o", folder / f"{source.stem}.o"])
        for line in (folder / f"{source.stem}.su").read_text().splitlines():
            place, used, kind = line.split("\t")
            if "dynamic" in kind and "bounded" not in kind:
                raise SystemExit(f"bench: {place} has no bounded stack")
            frames[place.rsplit(":", 1)[1]] = int(used)
    callees |= _disassembled(gcc, sorted(folder.glob("*.o")))[1]
    run = frames["run"]
    return run, run + max((_deepest(name, callees, frames, ()) for name in callees.get("run", ())), default=0)


def _disassembled(gcc, files):
    """({function: bytes that it takes of the stack}, {function: those that it calls by name}) as the code has them."""
    frames, callees, name = {}, {}, None
    listing = subprocess.run([gcc.replace("gcc", "objdump"), "-dr", *files], capture_output=True, text=True).stdout
    for line in listing.splitlines():
        if match := re.match(r"[0-9a-f]+ <([\w.$]+)>:", line):
            name = name if match[1].startswith(".") else match[1]  # else a label within it
            frames.setdefault(name, 0)
        elif (match := re.search(r"R_(?:ARM_(?:THM_CALL|THM_JUMP24|ABS32)|RISCV_(?:CALL|JAL)\w*)\s+(\w+)", line)) or (
            match := re.search(r"\b(?:bl?|jal)\s.*<(\w+)>$", line)
        ):
            callees.setdefault(name, set()).add(match[1])
        elif match := re.search(r"\b(?:push|stmdb\s+sp!,)\s*\{(.*)\}", line):
            frames[name] += 4 * len(match[1].split(","))
        elif match := re.search(r"\b(?:subw?(?:\.w)?\s+(?:sp,\s*)?sp,\s*#|add(?:i|i16sp)?\s+sp,\s*sp,\s*-)(\d+)", line):
            frames[name] += int(match[1])
    return frames, callees


def _deepest(name, callees, frames, above):
    """Bytes from `name` on. A second name of a libgcc's function, which no listing has, counts as the largest of them."""
    if name in above or name not in frames:
        return 64 if name.startswith("__") else 0
    below = (_deepest(callee, callees, frames, (*above, name)) for callee in callees.get(name, ()) if callee != name)
    return frames[name] + max(below, default=0)


def uncharged_firmware(board):
    """firmware.elf of a copy of the board's build in which the engine charges no fuel."""
    return firmware_with(board, "-DWASM_UNCHARGED", "uncharged")


def firmware_with(board, flags, name):
    """firmware.elf of a copy of the board's build, exec.c compiled with more flags, in build/bench/NAME."""
    folder = BUILD / name / board
    original = FIRMWARE / board
    if (folder / "firmware.elf").exists() and (folder / "firmware.elf").stat().st_mtime > (original / "firmware.elf").stat().st_mtime:  # fmt: skip
        return folder / "firmware.elf"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original, folder, copy_function=shutil.copy2)
    for path in folder.rglob("exec.o"):
        path.unlink()
    (folder / "firmware.elf").unlink()
    variables = {
        "BOARD": board, "BUILD": folder, "USER_C_MODULES": ROOT / "firmware", "MPY_LIB_DIR": ROOT / "build/micropython-lib",
        "MICROPY_MPYCROSS": ROOT / "build/mpy-cross/mpy-cross", "CFLAGS_EXTRA": flags,
    }  # fmt: skip
    environment = os.environ | {"MICROPY_GIT_TAG": "v1.25.0", "MICROPY_GIT_HASH": "bench"}
    command = [
        "make",
        "-C",
        ROOT / "firmware/emulated",
        "--no-print-directory",
        *(f"{k}={v}" for k, v in variables.items()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"bench: firmware with {flags}:\n{done.stdout[-500:]}{done.stderr[-1500:]}")
    return folder / "firmware.elf"
