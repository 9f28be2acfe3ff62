"""Starts a box, says where it is, and takes it away when whoever asked for it is gone, however they went."""

import signal
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import BinaryIO, NoReturn

from tests.box import daemons, images, leftovers, network, registry
from tests.box.caching import note_seconds
from tests.box.lacking import Lacking
from tests.box.preparing import Prepared, prepare


def keep(asker: BinaryIO, say: Callable[[dict[str, str]], None]) -> None:
    """Until ``asker`` ends or a signal comes. Raises Lacking."""
    heed(leave)
    prepared = prepare()
    leftovers.clear_abandoned()
    with leftovers.locked_folder() as box, ExitStack() as stack:
        stack.callback(leftovers.clear, box)
        try:
            with note_seconds("start"):
                facts = start(box, prepared, stack)
            say(facts)
            while asker.read(4096):
                pass
        finally:
            heed(signal.SIG_IGN)  # taking it away takes seconds, and whoever is in a hurry asks twice


def heed(action: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


def leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def start(box: Path, prepared: Prepared, stack: ExitStack) -> dict[str, str]:
    (box / "tmp").mkdir()
    try:
        network.make_bridge(network.bridge_name(box))
    except (OSError, subprocess.CalledProcessError) as problem:
        raise Lacking(f"no bridge with a way out can be made here: {problem}") from None
    running: list[daemons.Daemon] = []
    stack.callback(daemons.end, running)
    stack.callback(leftovers.end_jobs, box)
    address = daemons.free_address()
    running.append(daemons.start_engine(box))
    running.append(daemons.start_registry(box, address))
    running.append(daemons.start_buildkit(box, prepared.programs, address))
    engine, store, builder = running
    daemons.await_answer(store, lambda: daemons.registry_answers(address))
    base = registry.push(address, "debian", images.SUITE, prepared.debian)
    bare = registry.push(address, "bare", "latest", prepared.bare)
    daemons.await_answer(builder, lambda: daemons.buildkit_answers(box, prepared.programs))
    daemons.await_answer(engine, lambda: daemons.engine_answers(box))
    return {
        "folder": str(box),
        "docker_host": f"unix://{daemons.engine_socket(box)}",
        "buildkit": daemons.buildkit_address(box),
        "registry": address,
        "base": base,
        "bare": bare,
        "buildctl": str(prepared.programs.buildctl),
        "buildx": str(prepared.programs.buildx),
    }
