# SPDX-License-Identifier: MIT
"""Several clients on one board, in this process and in others: whose request, answer, log line and question each is.

Imports of ours: wire, ports.
"""
