import asyncio
import threading

import pytest

from src.service.errors import ServiceError
from src.service.pool import WorkerPool


def test_a_call_that_is_cancelled_leaves_the_queue():
    async def scenario():
        pool, finish = WorkerPool(workers=1, queue=1), threading.Event()
        running = asyncio.create_task(pool.run(finish.wait))
        waiting = asyncio.create_task(pool.run(pytest.fail, "it was cancelled"))
        await asyncio.sleep(0)
        with pytest.raises(ServiceError) as refusal:
            await pool.run(int)
        assert (refusal.value.status, refusal.value.headers) == (503, {"Retry-After": "1"})
        waiting.cancel()
        await asyncio.sleep(0)
        assert pool.waiting == 1
        another = asyncio.create_task(pool.run(int))
        await asyncio.sleep(0)
        # What runs cannot be stopped: it keeps its place until it is done.
        running.cancel()
        await asyncio.sleep(0)
        assert pool.waiting == 2
        finish.set()
        assert await another == 0
        pool.close()
        assert pool.waiting == 0

    asyncio.run(scenario())


def test_what_a_call_raises_arrives():
    async def scenario():
        pool = WorkerPool(workers=1, queue=1)
        with pytest.raises(ZeroDivisionError):
            await pool.run(divmod, 1, 0)
        pool.close()

    asyncio.run(scenario())


def test_a_stuck_call_is_seen_and_what_waits_behind_it_is_told_of_the_end():
    async def scenario():
        pool, finish = WorkerPool(workers=1, queue=1), threading.Event()
        assert pool.longest_s() < 0.01
        running = asyncio.create_task(pool.run(finish.wait))
        waiting = asyncio.create_task(pool.run(pytest.fail, "it was dropped"))
        await asyncio.sleep(0.2)
        assert pool.longest_s() > 0.1
        pool.close(wait=False)
        for call in (waiting, pool.run(int)):
            with pytest.raises(ServiceError) as refusal:
                await call
            assert refusal.value.status == 503
        finish.set()
        await running
        assert pool.longest_s() < 0.01
        pool.close()

    asyncio.run(scenario())
