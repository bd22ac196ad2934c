"""What the firmware calls itself."""

NAME = "wasmote"
VERSION = "0.1.0"
