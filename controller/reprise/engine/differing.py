"""Gathers what a run that missed is compared with: a committed record, else an earlier run that reproduced.

Called when a run is shown. Records are strangers' files: one that cannot be used is named, never trusted, and
never keeps a report back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reprise.domain import comparison, environment
from reprise.domain.artifacts import ArtifactCheck
from reprise.domain.comparison import Beside, Comparison
from reprise.domain.differences import Flat
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.run import Judgement, TrialResult, Value, Verdict
from reprise.domain.spec.model import Spec
from reprise.domain.suspects import Clues, rank
from reprise.domain.trials import repeats
from reprise.domain.variation import without_effect
from reprise.engine.recorded import record_in
from reprise.engine.world import World
from reprise.store import runs
from reprise.store.earlier import earlier_runs
from reprise.store.rehearsed import unvaried
from reprise.store.runs import Run

_LOOKED_AT = 20
"""Earlier runs."""


@dataclass(frozen=True, slots=True)
class _Reference:
    named: str
    record: Flat
    values: dict[str, Value]
    """Of a run of one's own; empty for a committed record."""
    older: bool = False
    backend: str = ""
    """Of a rehearsal; empty where nobody knows, and of anything else."""


def compared(
    world: World, run: Run, spec: Spec, results: Sequence[TrialResult], artifacts: Sequence[ArtifactCheck]
) -> Comparison | None:
    """None when there is nothing to explain, or nothing to explain it with though no value missed its bar."""
    judgement = run.judgement
    varied = world.variation is not None
    if judgement is None or not results or not (varied or comparison.missed(judgement, artifacts)):
        return None
    clues = Clues(
        repeats=repeats(spec, results),
        relative_difference=comparison.relative_difference(judgement),
        reproduced_elsewhere=_reproduced_before(world, run),
    )
    own, unrecorded = _own(world, run, results[0])
    fits = not varied and not comparison.off_bar(judgement, artifacts)
    if not own and fits:
        return None
    if not own and not varied:
        return Comparison(None, rank({}, {}, clues), note=unrecorded, recorded=False)
    reference, note = _reference(world, run, spec)
    if reference is None and fits and not note:
        return None
    if reference is None:
        return Comparison(None, rank({}, {}, clues), note=note or _without_effect(world, own), varied=varied)
    return _compared(world, run, reference, own, clues, results[0], judgement, unrecorded or note)


def _compared(
    world: World,
    run: Run,
    reference: _Reference,
    own: Flat,
    clues: Clues,
    first: TrialResult,
    judgement: Judgement,
    note: str,
) -> Comparison:
    beside = tuple(
        Beside(claim.id, reference.values.get(claim.id), first.values.get(claim.id))
        for claim in judgement.claims
        if reference.values
    )
    clues = replace(clues, older_reference=reference.older)
    if world.variation is not None:
        clues = replace(clues, relative_difference=comparison.furthest(beside))
    found = comparison.compare(reference.record, own, clues, named=reference.named)
    if reference.backend and reference.backend != run.backend:
        found = comparison.across(found, reference.backend, run.backend)
    return replace(
        found, beside=beside, note=note or _without_effect(world, own), varied=world.variation is not None
    )


def _own(world: World, run: Run, first: TrialResult) -> tuple[Flat, str]:
    results = world.folders.trial(run.id, first.plan.index, first.attempt)
    if not (results / environment.NAME).is_file():
        return {}, "This run's own environment was not recorded."
    record = _recorded(results)
    return record, "" if record else "This run's own environment record cannot be read."


def _reference(world: World, run: Run, spec: Spec) -> tuple[_Reference | None, str]:
    """What to compare with, and why a committed record was not used."""
    if world.variation is not None:
        return next(_rehearsals(world, run), None), ""
    note = ""
    if spec.reference.environment is not None:
        found = _committed(world, run, spec.reference.environment)
        if isinstance(found, _Reference):
            return found, ""
        note = found
    candidates = _rehearsals(world, run) if world.rehearsal else _earlier(world, run)
    return next(candidates, None), note


def _committed(world: World, run: Run, path: str) -> _Reference | str:
    """The committed record, or why it cannot be used."""
    try:
        data = world.source.read(run.repository, run.commit, path, limit=environment.MAX_BYTES)
        if data is None:
            return f"The committed record {path} is not there."
        record = environment.flatten(environment.read(data, file=path))
    except (Refused, Retryable, UserError) as error:
        return f"The committed record cannot be used: {str(error).rstrip('.')}."
    return _Reference(f"the committed record {path}", record, {}, older=True)


def _earlier(world: World, run: Run) -> Iterator[_Reference]:
    """Runs that reproduced and whose record is still there, the newest first."""
    with world.store.read() as connection:
        before = earlier_runs(connection, run, _LOOKED_AT)
        reproduced = [each for each in reversed(before) if each.judgement.verdict is Verdict.REPRODUCED]
        trials = {
            each.run_id: runs.results_of(runs.trials_of(connection, each.run_id)) for each in reproduced
        }
    for each in reproduced:
        results = trials[each.run_id]
        if results:
            first = results[0]
            record = _recorded(world.folders.trial(each.run_id, first.plan.index, first.attempt))
            if record:
                named = f"run {each.run_id} of {each.commit[:7]}, the newest before that reproduced"
                yield _Reference(named, record, dict(first.values))


def _rehearsals(world: World, run: Run) -> Iterator[_Reference]:
    """Earlier ones without a variation that reproduced; for a varied one that whose coin it shares."""
    for state, left in unvaried(world.rehearsals, run.repository.id, run.experiment):
        shared = left.run_id == run.coin
        usable = shared if world.variation is not None else left.verdict is Verdict.REPRODUCED
        if not usable or left.run_id == run.id:
            continue
        record = _recorded((state / left.record).parent) if left.record else {}
        if record or world.variation is not None:
            said = "the newest before" + ("" if world.variation is not None else " that reproduced")
            named = f"rehearsal {left.run_id} of {left.commit[:7]}, {said}"
            on = left.backend or record.get("run.backend", "")
            yield _Reference(named, record, left.values, backend=on)


def _reproduced_before(world: World, run: Run) -> bool:
    with world.store.read() as connection:
        before = earlier_runs(connection, run, _LOOKED_AT)
    return any(each.commit == run.commit and each.judgement.verdict is Verdict.REPRODUCED for each in before)


def _recorded(results: Path) -> Flat:
    """Empty when there is none that can be used."""
    try:
        data = record_in(results)
        return environment.flatten(environment.read(data, file=environment.NAME)) if data is not None else {}
    except (OSError, UserError):
        return {}


def _without_effect(world: World, own: Flat) -> str:
    return without_effect(world.variation, own) if world.variation is not None else ""
