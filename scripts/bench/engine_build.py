# SPDX-License-Identifier: MIT
"""What the firmware's build tells about the engine: bytes of code, C stack, and a variant that charges no fuel."""

import os
import re
import shutil
import subprocess
import sys

from programs import BUILD, ROOT, tool

sys.path.append(str(ROOT / "scripts"))
import size

FIRMWARE = ROOT / "build/firmware"


def engine_text(board):
    """Bytes of flash that firmware/wasm takes."""
    return size.measure(board)[0][size.ENGINE]


def stack_of_run():
    """Bytes of C stack of run() on Cortex-M0, without and with the deepest of what it calls."""
    folder = BUILD / "stack"
    folder.mkdir(parents=True, exist_ok=True)
    frames = {}
    for source in sorted((ROOT / "firmware/wasm").glob("*.c")):
        if source.name == "modwasm.c":
            continue
        flags = ["-mcpu=cortex-m0", "-mthumb", "-Os", "-std=gnu99", "-fstack-usage", f"-I{ROOT}/firmware/wasm"]
        tool(["arm-none-eabi-gcc", *flags, "-c", source, "-o", folder / f"{source.stem}.o"])
        for line in (folder / f"{source.stem}.su").read_text().splitlines():
            place, used, kind = line.split("\t")
            if "dynamic" in kind and "bounded" not in kind:
                raise SystemExit(f"bench: {place} has no bounded stack")
            frames[place.rsplit(":", 1)[1]] = int(used)
    run = frames["run"]
    callees = _calls(folder)
    return run, run + max((_deepest(name, callees, frames, ()) for name in callees.get("run", ())), default=0)


def _calls(folder):
    """{function: functions that it calls by name}, from the disassembly."""
    found, name = {}, None
    listing = subprocess.run(["arm-none-eabi-objdump", "-dr", *sorted(folder.glob("*.o"))], capture_output=True, text=True).stdout  # fmt: skip
    for line in listing.splitlines():
        if match := re.match(r"[0-9a-f]+ <(\w+)>:", line):
            name = match[1]
        elif (match := re.search(r"R_ARM_(?:THM_CALL|THM_JUMP24|ABS32)\s+(\w+)", line)) or (
            match := re.search(r"\bbl?\s+[0-9a-f]+ <(\w+)>", line)
        ):
            found.setdefault(name, set()).add(match[1])
    return found


def _deepest(name, callees, frames, above):
    """Bytes from `name` on; libgcc's functions count as 32."""
    if name in above or name not in frames:
        return 32 if name.startswith("__") else 0
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
