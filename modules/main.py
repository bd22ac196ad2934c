"""Runs when the board has booted: serve MCP on the board's port until Ctrl-C Ctrl-C asks for the REPL."""

import sys

if sys.platform == "linux":  # a board's firmware has run its _boot by now, upstream's unix port has none
    import _boot  # noqa: F401

try:
    from wasmote import main
except ImportError as error:
    print("wasmote does not start, its frozen package is not complete (rebuild: make firmware):")
    sys.print_exception(error)
else:
    main.run()
