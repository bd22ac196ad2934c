# SPDX-License-Identifier: MIT
"""`python -m wasmote` is `wasmote`."""

from .cli import main

main()
