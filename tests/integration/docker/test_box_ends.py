"""Nothing of a box stays on the machine, however its end comes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.box import leftovers, network
from tests.integration.docker.box import PROJECT, Box, build, opened, read_facts, start_keeper

LIMIT = 60.0
WAITS_FOR_EVER = ["sleep", "600"]

A_RUN_OF_TESTS = """
import os, signal
from tests.integration.docker.box import opened

with opened() as box:
    print(box.folder, flush=True)
    signal.pause()
"""


def test_nothing_is_left_of_a_box_that_was_closed() -> None:
    with opened() as box:
        assert isinstance(box, Box)
        run_for_ever(box)
        assert "processes" in what_is_left(box.folder)
    assert what_is_left(box.folder) == {}


def test_the_next_box_clears_one_whose_keeper_was_killed() -> None:
    keeper = start_keeper()
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    with keeper.stdin, keeper.stdout:
        killed = read_facts(keeper.stdout.readline())
        assert isinstance(killed, Box)
        run_for_ever(killed)
        keeper.kill()
        keeper.wait(LIMIT)
    assert {"processes", "mounts", "cgroups", "bridge", "rules", "folder"} == set(what_is_left(killed.folder))
    with opened() as box:
        assert isinstance(box, Box)
        assert what_is_left(killed.folder) == {}
        box.engine().close()
    assert what_is_left(box.folder) == {}


def test_a_box_ends_when_its_tests_are_killed() -> None:
    tests = subprocess.Popen([sys.executable, "-c", A_RUN_OF_TESTS], cwd=PROJECT, stdout=subprocess.PIPE)
    assert tests.stdout is not None
    with tests.stdout:
        folder = Path(tests.stdout.readline().decode().strip())
        assert "processes" in what_is_left(folder)
        tests.send_signal(signal.SIGKILL)
        tests.wait(LIMIT)
    await_nothing_left(folder)


def test_a_killed_buildkit_comes_back_with_its_cache(tmp_path: Path) -> None:
    with opened() as box:
        assert isinstance(box, Box)
        (tmp_path / "Dockerfile").write_text(
            f"FROM {box.bare}\nRUN cat /proc/sys/kernel/random/uuid > /once\n"
        )
        before = build(box, tmp_path, f"{box.registry}/once")
        os.kill(box.pid("buildkitd"), signal.SIGKILL)
        again = box.restart_buildkit()
        assert build(box, tmp_path, f"{box.registry}/once") == before
    again.wait(LIMIT)
    assert what_is_left(box.folder) == {}


def run_for_ever(box: Box) -> None:
    client = box.engine()
    client.containers.run(box.bare, WAITS_FOR_EVER, detach=True)
    client.close()


def await_nothing_left(folder: Path) -> None:
    deadline = time.monotonic() + LIMIT
    while left := what_is_left(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def what_is_left(folder: Path) -> dict[str, list[str]]:
    bridge = network.bridge_name(folder)
    rules = [
        rule
        for program in network.filters()
        for table in ("filter", "nat")
        for rule in network.rules(program, table)
    ]
    found = {
        "processes": [str(pid) for pid in (*leftovers.marked(folder), *leftovers.members(folder))],
        "mounts": leftovers.mounts(folder),
        "cgroups": [str(group) for group in leftovers.cgroups(folder)],
        "bridge": [bridge] if bridge in os.listdir("/sys/class/net") else [],
        "rules": [rule for rule in rules if bridge in rule.split()],
        "folder": [str(folder)] if folder.exists() else [],
    }
    return {kind: left for kind, left in found.items() if left}
