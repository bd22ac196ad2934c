# SPDX-License-Identifier: MIT
"""A limit on a wait, for tasks that are cancelled."""

import asyncio


async def within(awaitable, seconds):
    """What `awaitable` gives, or asyncio.TimeoutError after `seconds` (None: no limit), when it is cancelled.

    As asyncio.wait_for, which before Python 3.12 swallows a cancellation that comes in the same moment as the result: the
    task goes on, and whoever cancelled it waits (bugs.python.org/issue37658).
    """
    task = asyncio.ensure_future(awaitable)
    try:
        await asyncio.wait([task], timeout=seconds)
        if task.done():
            return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    raise asyncio.TimeoutError
