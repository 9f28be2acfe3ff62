"""Whatever a job writes, the package of its run is authentic and leads to the verdict of the run."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.evidence import recorded, sealing
from tests.unit.evidence.asking import ask, problems
from tests.unit.evidence.recorded import AT, COIN, COMMIT, RECORD
from tests.unit.evidence.sealing import KEY

from reprise.domain.rejudge import Record, TrialRecord, rejudge
from reprise.domain.run import Level, Reason, TrialPlan, Verdict
from reprise.domain.spec.model import Spec
from reprise.domain.spec.parse import parse_spec
from reprise.domain.trials import next_trial

SPECS = {
    "exact": 'metric: {file: m.json, pointer: /x}\n    published: {value: "0.93"}',
    "tolerance": (
        'metric: {file: m.json, pointer: /x}\n    published: {value: "0.93"}\n'
        "    compare: {mode: tolerance, tolerance: {abs: 0.01}}"
    ),
    "distribution": (
        "metric: {file: m.json, pointer: /x}\n"
        '    published: {value: ".92324", kind: mean, per_seed: p.json}\n'
        '    compare: {mode: distribution, margin: "0.010"}\n    control: {args: [--shuffle]}'
    ),
}
PER_SEED = b"[0.9210, 0.9199, 0.9244, 0.9221, 0.9288]"
VALUES = st.one_of(
    st.floats(0.91, 0.95),
    st.sampled_from([0.93, 0.9312, 0.5, 1, 0, -0.0, float("nan"), "0.93", None]),
)
Wrote = Mapping[str, object] | None


def test_a_distribution_is_judged_again_to_the_printed_digits() -> None:
    again = iter([0.9232, 0.9177, 0.9255, 0.9210, 0.9266, 0.5])
    made = _run("distribution", lambda plan: {"x": next(again)})
    found = ask(sealing.package(*made, key=KEY), KEY)
    assert problems(found) == {}
    assert found.rejudged is not None
    judgement = found.rejudged.judgement
    estimate = judgement.claims[0].estimate
    assert (judgement.verdict, judgement.level) == (Verdict.REPRODUCED, Level.D)
    assert estimate is not None
    assert f"{estimate.low:.6f} {estimate.high:.6f}" == "-0.004616 0.003736"


def test_a_control_that_was_left_out_is_missed() -> None:
    record, files = _run("distribution", lambda plan: {"x": 0.92 + plan.index / 1000})
    without = replace(record, trials=record.trials[:-1])
    last = record.trials[-1].folder
    assert record.trials[-1].control == ("--shuffle",)
    kept = {name: data for name, data in files.items() if not name.startswith(last)}
    assert "is missing" in problems(ask(sealing.package(without, kept, key=KEY), KEY))["series"]


@settings(max_examples=25)
@given(st.sampled_from(sorted(SPECS)), st.data())
def test_what_ran_as_it_had_to_is_authentic(mode: str, data: st.DataObject) -> None:
    def write(plan: TrialPlan) -> Wrote:
        return data.draw(st.none() | st.fixed_dictionaries({"x": VALUES}))

    record, files = _run(mode, write)
    found = ask(sealing.package(record, files, key=KEY), KEY)
    assert problems(found) == {}
    assert found.rejudged == rejudge(record, files)


@settings(max_examples=10)
@given(st.sampled_from(sorted(SPECS)), st.data())
def test_an_execution_that_is_left_out_anywhere_is_missed(mode: str, data: st.DataObject) -> None:
    """The others are renumbered, so that only seeds and order can tell."""
    record, files = _run(mode, lambda plan: {"x": 0.93})
    gone = data.draw(st.integers(0, len(record.trials) - 1))
    left = [trial for trial in record.trials if trial.index != gone]
    renumbered = [replace(trial, index=index) for index, trial in enumerate(left)]
    moved = {name: content for name, content in files.items() if not name.startswith("runs/")}
    for before, after in zip(left, renumbered, strict=True):
        moved[f"{after.folder}/files/m.json"] = files[f"{before.folder}/files/m.json"]
    made = ask(sealing.package(replace(record, trials=tuple(renumbered)), moved, key=KEY), KEY)
    assert "series" in problems(made)


def _run(mode: str, write: Callable[[TrialPlan], Wrote]) -> tuple[Record, dict[str, bytes]]:
    """Executed as the engine does it: each next one follows from those before."""
    text = (
        "version: 1\nname: wine\nrun: {command: [python, train.py], seed: {arg: --seed}}\n"
        f"runs: {{n: {5 if mode == 'distribution' else 2}}}\nclaims:\n  - id: x\n    {SPECS[mode]}\n"
    ).encode()
    spec = parse_spec(text, file="reprise.yaml", default_name="wine")
    assert isinstance(spec, Spec), spec
    record = replace(RECORD, trials=(), ended_at=AT + timedelta(minutes=10))
    files = {"declaration.yaml": text, "declaration/p.json": PER_SEED}
    while (plan := _next(spec, record, files)) is not None:
        wrote = write(plan)
        trial = _trial(plan)
        if wrote is not None:
            files[f"{trial.folder}/files/m.json"] = json.dumps(wrote).encode()
        record = replace(record, trials=(*record.trials, trial))
        result = rejudge(record, files).results[-1]
        said = replace(trial, reason=result.reason, message=result.message)
        record = replace(record, trials=(*record.trials[:-1], said))
    return record, files


def _next(spec: Spec, record: Record, files: dict[str, bytes]) -> TrialPlan | None:
    results = rejudge(record, files).results if record.trials else ()
    return next_trial(spec, results, commit=COMMIT, coin=COIN)


def _trial(plan: TrialPlan) -> TrialRecord:
    made = recorded.trial(plan.index, plan.seed, probe=plan.probe, reason=Reason.COMPLETED)
    return replace(made, control=plan.control)
