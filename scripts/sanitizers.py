# SPDX-License-Identifier: MIT
"""The environment in which tests/shims/_wasm.py compiles the C engine with sanitizers, and for another processor."""

import subprocess

CORTEX_M0 = "-DWASM_SMALL=1 -DUNALIGNED=0"  # the code that it runs: shared handlers, no access that is not aligned
RISC_V = "-DUNALIGNED=0"  # such an access may trap


def environment(checks="address,undefined", flags=""):
    """Variables for a process that loads the engine with these checks of cc -fsanitize, compiled with `flags`."""
    settings = {"WASM_SANITIZE": checks, "WASM_CFLAGS": flags}
    if "address" in checks:  # has to be there before Python
        library = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
        settings |= {"LD_PRELOAD": library.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1"}
    return settings
