"""Rules of the barrier doc: what a stranger, and whoever leases the machine, has to be told."""

from collections.abc import Iterator
from datetime import timedelta

from reprise.domain.lint.model import Barrier, Found, Rule, Severity
from reprise.domain.lint.places import has_key, line_of
from reprise.domain.lint.readme import rx50
from reprise.domain.lint.repo import Experiment, Repo

LONGEST_LEASE = timedelta(days=7)
"""Chameleon's limit for one lease."""


def rx51(repo: Repo) -> Iterator[Found]:
    for experiment in repo.experiments:
        yield from _time(experiment)
        if experiment.spec.resources.memory_bytes is None:
            line = line_of(experiment.text, "resources")
            message = "nothing says how much memory a trial needs"
            fix = "Write `resources: {memory: 16GB}` with what a trial needs at most"
            yield Found(experiment.file, line, message, fix, Severity.INFORMATION)


def _time(experiment: Experiment) -> Iterator[Found]:
    file, text, duration = experiment.file, experiment.text, experiment.spec.resources.duration
    if duration is None and not has_key(text, "timeout"):
        message = "nothing says how long a trial takes; after two hours it is ended"
        fix = "Write `resources: {duration: 30m}` with the time that one trial takes"
        yield Found(file, line_of(text, "run"), message, fix, Severity.WARNING)
    if duration is not None and duration > LONGEST_LEASE:
        message = "a trial takes longer than the seven days that a machine can be leased for"
        fix = "Split the job, or reduce it to what fits into seven days"
        yield Found(file, line_of(text, "duration"), message, fix)
    if duration is not None and experiment.spec.run.timeout < duration:
        message = (
            "run.timeout is shorter than resources.duration, so that each trial is ended before its time"
        )
        yield Found(
            file, line_of(text, "timeout"), message, "Give run.timeout at least the declared duration"
        )


RULES: tuple[Rule, ...] = (
    Rule(
        "RX50",
        Barrier.DOC,
        Severity.WARNING,
        "no licence, README, citation or DOI",
        "Nobody may use what has no licence, and nobody can run what only its author knows how to start.",
        rx50,
    ),
    Rule(
        "RX51",
        Barrier.DOC,
        Severity.ERROR,
        "hardware or time that cannot be leased, or is not stated",
        "A lease is asked for in hours and gigabytes; a wrong guess is paid for and gives no result.",
        rx51,
    ),
)
