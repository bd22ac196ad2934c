# SPDX-License-Identifier: MIT
"""Ending asyncio tasks for certain."""

import asyncio


async def ended(*tasks):
    """Cancel tasks and wait until they are done. Before Python 3.12 one cancel is not always enough: wait_for keeps it to
    itself when what it waits for is there in the same moment."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=0.2)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # it has been looked at
