"""Whether a run can have happened as its record says: clocks, seeds, and nothing left out.

Called by ``reprise verify``. Each question answers with sentences, none when all is well.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from reprise.domain.rejudge import Record, TrialRecord
from reprise.domain.run import Sha, TrialPlan, TrialResult
from reprise.domain.spec.model import Spec
from reprise.domain.trials import most_executions, next_trial
from reprise.masking import mask

SKEW = timedelta(minutes=5)
"""How far two machines' clocks may differ."""
SLACK = timedelta(seconds=5)
"""How far one machine's clock may be set back during a run."""

_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
"""Older than any release."""
_LONGEST_SECONDS = 10 * 365 * 86_400.0


def clock_problems(record: Record, *, now: datetime) -> tuple[str, ...]:
    """The run lies between request and end, its executions inside it one after another, none to come."""
    beyond = _beyond(record, now)
    if beyond is not None:
        return (beyond,)
    return (*_run_order(record), *_amounts(record.trials), *_trial_order(record))


def series_problems(record: Record, spec: Spec, results: Sequence[TrialResult]) -> tuple[str, ...]:
    """Each execution is the one that had to come next, with the seed that the coin gives.

    ``results`` are those of the record's trials, judged again. A run that was not ended early must have all
    of them: one that was left out would be a way to choose.
    """
    said = (*_attempts(record), *_outcomes(record.trials, results))
    return (*said, *filter(None, [_out_of_turn(record, spec, results)]))


def _beyond(record: Record, now: datetime) -> str | None:
    """A time that cannot be, so that no more needs to be asked of it."""
    times = [record.requested_at, record.started_at, record.ended_at]
    times += [trial.started_at for trial in record.trials]
    times += [lost.started_at for lost in record.lost]
    if any(moment.tzinfo is None for moment in times):
        return "a time has no zone"
    if max(times) > now + SKEW:
        return f"{_at(max(times))} is still to come; is the clock of this machine right?"
    if min(times) < _FIRST:
        return f"{_at(min(times))} is before the first release"
    return None


def _run_order(record: Record) -> Iterator[str]:
    requested, started, ended = record.requested_at, record.started_at, record.ended_at
    if not requested <= started <= ended:
        said = f"requested at {_at(requested)}, started at {_at(started)}, ended at {_at(ended)}"
        yield f"the run's times are not in order: {said}"


def _amounts(trials: Iterable[TrialRecord]) -> Iterator[str]:
    for trial in trials:
        amounts = (trial.seconds, trial.cpu_seconds, trial.peak_memory_bytes)
        if not all(math.isfinite(amount) and amount >= 0 for amount in amounts):
            yield f"execution {trial.index} took a time or an amount that cannot be"


def _trial_order(record: Record) -> Iterator[str]:
    """Executions never overlap: what one takes is over before the next begins."""
    free = record.started_at
    for index, attempt, start, end in sorted(_spans(record)):
        if start < free - SLACK:
            yield f"execution {index}, attempt {attempt}, began at {_at(start)}, before its turn"
        free = max(free, end)
    if free > record.ended_at + SLACK:
        yield f"the executions took until {_at(free)}, and the run ended at {_at(record.ended_at)}"


def _spans(record: Record) -> Iterator[tuple[int, int, datetime, datetime]]:
    for each in record.trials:
        seconds = min(max(each.seconds, 0.0), _LONGEST_SECONDS)
        yield each.index, each.attempt, each.started_at, each.started_at + timedelta(seconds=seconds)
    for lost in record.lost:
        yield lost.index, lost.attempt, lost.started_at, lost.started_at


def _attempts(record: Record) -> Iterator[str]:
    """Every attempt before the one that counts is listed as lost, and none twice."""
    lost: defaultdict[int, list[int]] = defaultdict(list)
    for each in record.lost:
        lost[each.index].append(each.attempt)
    for trial in record.trials:
        listed = sorted(lost[trial.index])
        if len(listed) != trial.attempt - 1 or listed != list(range(1, trial.attempt)):
            yield f"execution {trial.index}: attempt {trial.attempt} counts, and {len(listed)} were lost"


def _outcomes(trials: Sequence[TrialRecord], results: Sequence[TrialResult]) -> Iterator[str]:
    """What the record says of an execution's end is what its files say."""
    for trial, result in zip(trials, results, strict=True):
        if trial.reason is not result.reason:
            recorded, found = trial.reason.value, result.reason.value
            yield f"execution {trial.index} is recorded as {recorded}, and its files say {found}"
        elif trial.message != mask(result.message):
            yield f'execution {trial.index}: "{trial.message}" is recorded, "{result.message}" follows'
        if result.valid and trial.exit_code != 0:
            yield f"execution {trial.index} completed with exit code {trial.exit_code}"


def _out_of_turn(record: Record, spec: Spec, results: Sequence[TrialResult]) -> str | None:
    """The first execution that should be another, or the one that is missing."""
    if len(results) > most_executions(spec):
        return f"there are {len(results)} executions, more than the declaration asks for"
    for number, result in enumerate(results):
        due = _next(record, spec, results[:number])
        if due != result.plan:
            return _other(due, result.plan)
    due = _next(record, spec, results) if record.ending is None else None
    return f"execution {due.index} with seed {due.seed} is missing" if due is not None else None


def _other(due: TrialPlan | None, done: TrialPlan) -> str:
    if due is None:
        return f"execution {done.index} is one more than the declaration asks for"
    if due.seed != done.seed:
        return f"execution {done.index} has seed {done.seed}, and the coin gives {due.seed}"
    return f"execution {done.index} is not the one that had to come next"


def _next(record: Record, spec: Spec, results: Sequence[TrialResult]) -> TrialPlan | None:
    return next_trial(spec, results, commit=Sha(record.commit), coin=record.coin or record.run_id)


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
