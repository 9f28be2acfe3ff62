"""Blocking calls of steps, each in a thread of its own.

The pool behind `asyncio.to_thread` is the durable engine's own: a few long builds would take it away from
everything else, its checkpoints among them. Python also waits for a pool's threads at exit, so that
stopping would take as long as the build; these threads simply end, as in a crash.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Aside(Protocol):
    """How a blocking call is made, so that it does not stop everybody else."""

    async def __call__(self, call: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> T: ...


async def in_thread(call: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> T:
    """What ``call`` returns or raises. As many at once as there are calls."""
    context = contextvars.copy_context()
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            future.set_result(context.run(call, *args, **named))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the call
            future.set_exception(error)
        except BaseException as error:  # noqa: BLE001 - a library's sys.exit must not end the event loop
            future.set_exception(RuntimeError(f"{type(error).__name__} raised"))

    threading.Thread(target=work, name="step", daemon=True).start()
    return await asyncio.wrap_future(future)
