# SPDX-License-Identifier: MIT
"""One board asked by a program: its methods and tools as Python calls, and what its answers mean.

Imports of ours: wire, ports, hub.
"""
