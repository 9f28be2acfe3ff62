"""What the machine and a job use while the job runs, looked at now and then. Travels with the supervisor.

Needs nothing but a Python >= 3.8 and its standard library. A look reads some files of the kernel and never
waits; what cannot be read is left out, and nothing here can end a job. Names of values are MLflow's.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SAMPLES = 1_000
FIRST_SECONDS = 1.0
"""Between two looks at first. Doubled, and every second sample dropped, whenever there are too many."""
SHARE = 200
"""Looking takes at most one in so many parts of the time, whatever a look costs."""
LAST_WORD_SECONDS = 0.3
"""How long the last answer about the GPUs is waited for, when the job has ended."""
MEGA = 1e6


class Sample(NamedTuple):
    at_ms: int
    counters: dict[str, float]
    """Only ever grow, so that samples between two others can be dropped."""
    values: dict[str, float]


class Sampler:
    """``used``: processor seconds and memory of the job so far. ``gpus``: a `job_gpus.Asker` or None."""

    def __init__(
        self,
        place: str,
        used: Callable[[], tuple[float, int]],
        gpus: Any = None,
        root: str = "/",
        clock: Callable[[], float] = time.monotonic,
        most: int = MAX_SAMPLES,
    ) -> None:
        self.place = place
        self.used = used
        self.gpus = gpus
        self.root = root
        self.clock = clock
        self.most = most
        self.samples: list[Sample] = []
        self.interval = FIRST_SECONDS
        self.looked_at = self.next_at = self.started = clock()
        self.started_ms = time.time() * 1000

    def look(self) -> None:
        """Take a sample if it is time for one."""
        now = self.clock()
        if now >= self.next_at:
            self.take(now)

    def end(self) -> None:
        """Take the last, in place of one from just before it."""
        now = self.clock()
        if len(self.samples) > 1 and now - self.looked_at < self.interval / 2:
            self.samples.pop()
        self.take(now)

    def told(self) -> bytes:
        """All of it as JSON. Waits a little for what the GPUs have to say."""
        if self.gpus is not None:
            self.gpus.wait(LAST_WORD_SECONDS)
        return shown(self.samples)

    def take(self, now: float) -> None:
        before = time.process_time()
        if len(self.samples) >= self.most:
            self.samples[:] = self.samples[::2]
            self.interval *= 2
        sample = self.sample(int(self.started_ms + (now - self.started) * 1000))
        self.samples.append(sample)
        if self.gpus is not None:
            self.gpus.ask(sample.values)
        cost = time.process_time() - before
        self.looked_at, self.next_at = now, now + max(self.interval, cost * SHARE)

    # --- what is looked at --------------------------------------------------------------------------

    def sample(self, at_ms: int) -> Sample:
        sample = Sample(at_ms, {}, {})
        for part in (self.processors, self.memory, self.disk, self.network, self.job):
            try:
                part(sample)
            except (OSError, ValueError, IndexError, KeyError, ZeroDivisionError):
                continue  # this kernel does not tell it
        return sample

    def processors(self, sample: Sample) -> None:
        """The first eight: what runs for guests is in ``user`` already. Idle are the fourth and fifth."""
        ticks = [int(word) for word in self.text("proc/stat").split(maxsplit=9)[1:9]]
        sample.counters.update(ticks=sum(ticks), busy=sum(ticks) - ticks[3] - ticks[4])

    def memory(self, sample: Sample) -> None:
        lines = (line.split() for line in self.text("proc/meminfo").splitlines()[:8])
        found = {words[0]: int(words[1]) * 1024 for words in lines}
        total = found["MemTotal:"]
        used = total - found["MemAvailable:"]
        sample.values["system_memory_usage_megabytes"] = used / MEGA
        sample.values["system_memory_usage_percentage"] = 100 * used / total

    def disk(self, sample: Sample) -> None:
        about = os.statvfs(self.place)
        used = (about.f_blocks - about.f_bfree) * about.f_frsize
        free = about.f_bavail * about.f_frsize
        sample.values["disk_usage_percentage"] = 100 * used / (used + free)
        sample.values["disk_usage_megabytes"] = used / MEGA
        sample.values["disk_available_megabytes"] = free / MEGA

    def network(self, sample: Sample) -> None:
        """Of every interface but the loopback."""
        received = sent = 0
        for line in self.text("proc/net/dev").splitlines()[2:]:
            name, _, numbers = line.partition(":")
            if name.strip() != "lo":
                fields = numbers.split()
                received, sent = received + int(fields[0]), sent + int(fields[8])
        sample.counters.update(received=received, sent=sent)

    def job(self, sample: Sample) -> None:
        seconds, memory_bytes = self.used()
        sample.counters["job"] = seconds
        if memory_bytes:  # else everybody has left
            sample.values["job_memory_usage_megabytes"] = memory_bytes / MEGA

    def text(self, name: str) -> str:
        with open(os.path.join(self.root, name)) as file:
            return file.read(1 << 16)


# --- what is told -----------------------------------------------------------------------------------


def shown(samples: list[Sample]) -> bytes:
    """Times, and for each name as many values, null where there is none."""
    rows = [{**sample.values, **grown(samples, index)} for index, sample in enumerate(samples)]
    names = sorted({name for row in rows for name in row})
    series = {name: [rounded(row.get(name)) for row in rows] for name in names}
    told = {"version": 1, "at_ms": [sample.at_ms for sample in samples], "series": series}
    return json.dumps(told, separators=(",", ":")).encode()


def grown(samples: list[Sample], index: int) -> dict[str, float]:
    """What counters say: bytes since the start, and shares of the time since the sample before, if any."""
    first, before, now = samples[0], samples[max(0, index - 1)], samples[index]
    bytes_since = {
        "network_receive_megabytes": difference(first, now, "received"),
        "network_transmit_megabytes": difference(first, now, "sent"),
    }
    ticks, seconds = difference(before, now, "ticks"), (now.at_ms - before.at_ms) / 1000
    busy, of_job = difference(before, now, "busy"), difference(before, now, "job")
    found = {name: count / MEGA for name, count in bytes_since.items() if count is not None}
    if ticks and busy is not None:
        found["cpu_utilization_percentage"] = min(100.0, 100 * busy / ticks)
    if seconds > 0 and of_job is not None:
        found["job_cpu_utilization_percentage"] = 100 * of_job / seconds
    return found


def difference(before: Sample, now: Sample, name: str) -> float | None:
    if name not in before.counters or name not in now.counters:
        return None
    return max(0.0, now.counters[name] - before.counters[name])


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
