"""Which limits a job's control group gets, where ours is found, and what a report says of it."""

from pathlib import Path

import pytest

from reprise.adapters.process.groups import NO_GROUPS, Groups, own_groups

JOBS = Path("/sys/fs/cgroup/reprise-jobs")
ALL = Groups(JOBS, ("memory", "pids", "cpu"))
V2 = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
HYBRID = (
    "35 30 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "36 30 0:32 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n"
)
SERVICE = "0::/system.slice/reprise.service\n"


def test_each_controller_that_is_there_gets_its_limit() -> None:
    assert ALL.limits(memory_bytes=2_000_000_000, processes=64, cpus=3) == {
        "memory.max": "2000000000",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": "65",
        "cpu.max": "300000 100000",
    }
    assert Groups(JOBS, ("pids",)).limits(memory_bytes=1, processes=64, cpus=3) == {"pids.max": "65"}
    assert Groups(JOBS).limits(memory_bytes=1, processes=64, cpus=3) == {}


def test_memory_that_the_spec_does_not_bound_is_not_bounded() -> None:
    assert "memory.max" not in ALL.limits(memory_bytes=None, processes=64, cpus=3)


@pytest.mark.parametrize(
    ("groups", "root", "words"),
    [
        (ALL, False, "memory and processes and cores limited by control group"),
        (ALL, True, "memory and processes and cores limited by control group"),
        (
            Groups(JOBS, ("memory",)),
            False,
            "memory limited by control group, processes by rlimit",
        ),
        (Groups(JOBS), False, "memory watched, processes by rlimit, ended by control group"),
        (NO_GROUPS, False, "memory watched, processes by rlimit"),
        (NO_GROUPS, True, "memory watched, processes not limited"),
    ],
)
def test_words_claim_what_is_in_force_and_no_more(groups: Groups, root: bool, words: str) -> None:
    assert groups.words(root=root) == words


def test_a_group_is_named_by_run_and_trial() -> None:
    trial = Path("/state/machines/r1/trials/0-2")
    assert ALL.of(trial) == JOBS / "r1.0-2"
    assert NO_GROUPS.of(trial) is None


@pytest.mark.parametrize(
    ("mountinfo", "cgroup", "found"),
    [
        (V2, "0::/\n", ("/sys/fs/cgroup", "/sys/fs/cgroup")),
        (V2, SERVICE, ("/sys/fs/cgroup/system.slice/reprise.service", "/sys/fs/cgroup")),
        (HYBRID, "4:memory:/x\n0::/\n", ("/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified")),
        (
            V2.replace(" / /sys", " /system.slice /sys"),
            SERVICE,
            ("/sys/fs/cgroup/reprise.service", "/sys/fs/cgroup"),
        ),
        (V2.replace(" / /sys", " /elsewhere /sys"), SERVICE, ()),
        (HYBRID.splitlines()[0], "4:memory:/x\n", ()),
        (V2, "0::/../outside\n", ()),
        ("", SERVICE, ()),
    ],
)
def test_our_own_group_is_found_below_its_mount(mountinfo: str, cgroup: str, found: tuple[str, ...]) -> None:
    assert own_groups(mountinfo, cgroup) == tuple(map(Path, found))
