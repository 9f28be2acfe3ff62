"""``/metrics`` in Prometheus' format, and the only owner of its library.

Labels come from our own enums and short lists, never from a repository: strangers choose those
names, and each would be a new series for ever.
"""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reprise.domain.run import Phase, Reason, Verdict
from reprise.engine.readiness import unswept
from reprise.store import counts
from reprise.web.context import Context

_EVENTS = frozenset(
    {"push", "create", "delete", "issue_comment", "commit_comment", "pull_request", "ping", "installation"}
)
_SECONDS = (1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10800, 36000, 86400)
_SETTLING = timedelta(seconds=5)
"""A run's end is stamped before it is committed; by then it is."""
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Outcome(Enum):
    """What came of a delivery."""

    TRIGGER = "trigger"
    IGNORED = "ignored"
    KNOWN = "known"  # a redelivery
    BAD_SIGNATURE = "bad_signature"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    NOT_STORED = "not_stored"


class Metrics:
    """One registry per application, so that two in one process do not share counts."""

    def __init__(self, context: Context) -> None:
        self.registry = CollectorRegistry()
        self._deliveries = Counter(
            "reprise_deliveries",
            "Webhook deliveries by event and what came of them.",
            ["event", "outcome"],
            registry=self.registry,
        )
        self.registry.register(_FromRows(context))

    def delivery(self, event: str, outcome: Outcome) -> None:
        kind = event if event in _EVENTS else "other"
        self._deliveries.labels(kind, outcome.value).inc()


class _FromRows(Collector):
    """Reads our tables at each scrape, so that a restart loses nothing.

    Only the durations of phases begin anew with the process: all of history is too long to read.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._read_until = context.world.clock.now()
        self._reading = threading.Lock()
        self._durations = Histogram(
            "reprise_phase_duration_seconds",
            "How long a phase took, of the runs that ended since the start.",
            ["phase"],
            buckets=_SECONDS,
            registry=None,
        )
        for phase in Phase:
            if phase is not Phase.DONE:
                self._durations.labels(phase.value)

    def describe(self) -> list[Metric]:
        """Nothing is read before somebody asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        store, now = self._context.world.store, self._context.world.clock.now()
        with store.read() as connection:
            judged, queue = counts.judged(connection), counts.queue(connection)
            triggers = counts.open_triggers(connection)
        yield _judged(judged)
        yield _live(queue)
        yield _gauge("reprise_runs_waiting", "Runs that wait for a slot.", queue.waiting)
        oldest = (now - queue.oldest).total_seconds() if queue.oldest is not None else 0.0
        yield _gauge("reprise_oldest_waiting_seconds", "Since the oldest waiting run was added.", oldest)
        yield _gauge("reprise_triggers_open", "Triggers that are not settled yet.", triggers)
        yield _gauge("reprise_database_bytes", "Size of our tables.", store.size())
        yield from self._sweeps(now)
        yield from self._phases(now)

    def _sweeps(self, now: datetime) -> Iterator[Metric]:
        done = dict(self._context.sweeps.done)
        missing = len(unswept(self._context.watched, self._context.sweeps))
        yield _gauge("reprise_repositories_unswept", "Watched, not swept since the start.", missing)
        if done:
            age = (now - min(done.values())).total_seconds()
            yield _gauge("reprise_sweep_age_seconds", "Since the repository swept longest ago.", age)

    def _phases(self, now: datetime) -> Iterator[Metric]:
        with self._reading, self._context.world.store.read() as connection:
            until = max(now - _SETTLING, self._read_until)
            for phase, took in counts.ended_phases(connection, self._read_until, until):
                self._durations.labels(phase.value).observe(max(took.total_seconds(), 0.0))
            self._read_until = until
        yield from self._durations.collect()


def metrics_routes(metrics: Metrics) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    def scrape() -> Response:
        return Response(generate_latest(metrics.registry), media_type=_CONTENT_TYPE)

    return router


def _judged(found: dict[tuple[Verdict, Reason], int]) -> Metric:
    family = CounterMetricFamily("reprise_runs", "Runs that ended.", labels=["verdict", "reason"])
    for (verdict, reason), number in found.items():
        family.add_metric([verdict.value, reason.value], number)
    return family


def _live(queue: counts.Queue) -> Metric:
    family = GaugeMetricFamily("reprise_runs_live", "Runs that somebody works on.", labels=["phase"])
    for phase in Phase:
        if phase is not Phase.DONE:
            family.add_metric([phase.value], queue.live.get(phase, 0))
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
