"""A limit on a wait: results, time-outs, and cancellations at any moment."""

import asyncio

import pytest
from wasmote.wire.within import within

pytestmark = pytest.mark.anyio


async def given(future):
    return await future


async def test_it_gives_what_comes_in_time_and_cancels_what_does_not():
    future = asyncio.get_running_loop().create_future()
    with pytest.raises(asyncio.TimeoutError):
        await within(given(future), 0.01)
    assert future.cancelled()
    assert await within(asyncio.sleep(0, "here"), None) == "here"
    with pytest.raises(ZeroDivisionError):
        await within(given(asyncio.ensure_future(failing())), 1)


async def failing():
    raise ZeroDivisionError


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_is_not_lost_however_near_the_result_it_comes(turns):
    future = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(within(given(future), 60))
    await asyncio.sleep(0.01)
    future.set_result("here")
    for _ in range(turns):
        await asyncio.sleep(0)
    cancelled = task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() == cancelled
