import asyncio
import contextvars
import threading

import pytest

from reprise.engine.threads import in_thread

NAME = contextvars.ContextVar("NAME", default="nobody")


async def test_a_call_returns_and_raises_as_if_it_were_here() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)


async def test_a_call_sees_the_context_of_its_caller() -> None:
    NAME.set("run-1")
    assert await in_thread(NAME.get) == "run-1"


async def test_a_call_that_wants_to_end_the_process_is_an_error_like_any_other() -> None:
    def leave() -> None:
        raise SystemExit(1)

    with pytest.raises(RuntimeError, match="SystemExit"):
        await in_thread(leave)


async def test_a_hundred_calls_wait_at_the_same_time() -> None:
    everybody = threading.Barrier(100, timeout=20)
    await asyncio.gather(*(in_thread(everybody.wait) for _ in range(100)))


async def test_a_call_that_hangs_does_not_keep_the_process_from_ending() -> None:
    seen: list[bool] = []
    await in_thread(lambda: seen.append(threading.current_thread().daemon))
    assert seen == [True]
