# SPDX-License-Identifier: MIT
"""The verbs of `wasmote`: one file for those that do the same kind of thing."""
