# SPDX-License-Identifier: MIT
"""Where boards are and who may have them: URLs, serial devices, emulators, and claims that other processes see.

Nothing here keeps a board connected, or knows MCP. Imports of ours: wire.
"""
