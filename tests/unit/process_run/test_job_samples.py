"""Samples of a machine that is a folder, at times that a test decides."""

import json
from pathlib import Path
from typing import Any

import pytest

from reprise.domain import system_metrics
from reprise_runner import job_samples
from reprise_runner.job_samples import MAX_SAMPLES, Sampler


class World:
    """Two processors, of which one works; a network; a job that uses half a processor."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 100.0
        (root / "proc" / "net").mkdir(parents=True)
        self.sampler = self.at()
        self.sampler = Sampler(str(root), self.used, root=str(root), clock=lambda: self.now)

    def used(self) -> tuple[float, int]:
        return (self.now - 100) / 2, 30_000_000

    def at(self, now: float = 100.0) -> Any:
        self.now = now
        passed = round((now - 100) * 100)
        proc = self.root / "proc"
        (proc / "stat").write_text(f"cpu  {passed} 0 0 {passed} 0 0 0 0 7 0\ncpu0 1 2 3\n")
        (proc / "meminfo").write_text("MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable: 6000000 kB\n")
        received = 5_000_000 + 1_000_000 * int(now - 100)
        (proc / "net" / "dev").write_text(
            "Inter-|\n face |\n    lo: 9999999 1 0 0 0 0 0 0 9999999 1\n"
            f"  eth0:{received} 1 0 0 0 0 0 0 2000000 1 0\n"
        )
        return getattr(self, "sampler", None)

    def told(self) -> system_metrics.Series:
        self.sampler.end()
        return system_metrics.read(self.sampler.told())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_first_is_taken_at_once_and_the_next_after_the_interval(world: World) -> None:
    for now in (100.0, 100.2, 100.9, 101.0, 101.5, 102.1):
        world.at(now).look()
    assert [round(sample.counters["job"], 2) for sample in world.sampler.samples] == [0, 0.5, 1.05]


def test_shares_are_means_since_the_sample_before_and_the_first_has_none(world: World) -> None:
    for now in (100.0, 101.0, 102.0):
        world.at(now).look()
    world.at(103.0)
    told = world.told().values
    assert told["cpu_utilization_percentage"] == (None, 50.0, 50.0, 50.0)
    assert told["job_cpu_utilization_percentage"] == (None, 50.0, 50.0, 50.0)
    assert told["system_memory_usage_megabytes"] == (2048.0,) * 4
    assert told["system_memory_usage_percentage"] == (25.0,) * 4
    assert told["job_memory_usage_megabytes"] == (30.0,) * 4
    assert told["network_receive_megabytes"] == (0.0, 1.0, 2.0, 3.0)
    assert told["network_transmit_megabytes"] == (0.0,) * 4
    assert all(share is not None and 0 < share <= 100 for share in told["disk_usage_percentage"])


def test_a_short_job_has_a_start_and_an_end(world: World) -> None:
    world.at(100.0).look()
    world.at(100.05)
    series = world.told()
    assert series.at_ms[1] - series.at_ms[0] == 50
    assert series.values["cpu_utilization_percentage"] == (None, 50.0)


def test_the_last_takes_the_place_of_one_from_just_before_it(world: World) -> None:
    for now in (100.0, 101.0, 102.0):
        world.at(now).look()
    world.at(102.01)
    series = world.told()
    assert [at - series.at_ms[0] for at in series.at_ms] == [0, 1_000, 2_010]


def test_a_long_job_has_never_too_many_and_keeps_what_was_counted(world: World) -> None:
    world.sampler.most = 50
    seen = 0
    for passed in range(350):
        world.at(100.0 + passed).look()
        seen = max(seen, len(world.sampler.samples))
    series = world.told()
    assert seen == 50
    assert 25 <= len(series.at_ms) <= 50
    assert world.sampler.interval == 8
    assert series.at_ms[1] - series.at_ms[0] == 8_000
    assert set(series.values["cpu_utilization_percentage"][1:]) == {50.0}


def test_what_a_kernel_does_not_tell_is_left_out(tmp_path: Path) -> None:
    def used() -> tuple[float, int]:
        raise OSError("no such thing")

    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "stat").write_text("cpu\n")
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: many kB\n")
    sampler = Sampler(str(tmp_path / "gone"), used, root=str(tmp_path), clock=lambda: 1.0)
    sampler.look()
    sampler.end()
    assert json.loads(sampler.told())["series"] == {}


def test_what_gpus_tell_stands_with_the_sample_that_asked(world: World) -> None:
    class Gpus:
        """Answers one look later."""

        def __init__(self) -> None:
            self.asked: list[dict[str, float]] = []

        def ask(self, into: dict[str, float]) -> None:
            self.answer()
            self.asked.append(into)

        def wait(self, seconds: float) -> None:
            self.answer()

        def answer(self) -> None:
            for number, into in enumerate(self.asked):
                into["gpu_0_utilization_percentage"] = 10.0 * (number + 1)

    sampler = Sampler(str(world.root), world.used, Gpus(), str(world.root), lambda: world.now)
    world.at(100.0)
    sampler.look()
    world.at(101.0)
    sampler.look()
    world.at(102.0)
    sampler.end()
    series = system_metrics.read(sampler.told())
    assert series.values["gpu_0_utilization_percentage"] == (10.0, 20.0, 30.0)


def test_the_largest_file_is_within_what_is_read(world: World) -> None:
    gpus = [f"gpu_{index}_{name}" for index in range(16) for name in ("a" * 24, "b" * 24, "c", "d", "e")]
    for number in range(MAX_SAMPLES):
        sample = job_samples.Sample(1_790_000_000_000 + number, {}, dict.fromkeys(gpus, 123456.789))
        world.sampler.samples.append(sample)
    series = system_metrics.read(job_samples.shown(world.sampler.samples))
    assert len(series.values) == len(gpus)
