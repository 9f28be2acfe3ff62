"""A claim in mode distribution from the commit's own published seeds to status, comment and JSON object."""

import hashlib

from tests.engine.harness import FILES, SPEC, Controller, Outside, measured, run_tag
from tests.engine.test_endings import the_comment
from tests.fakes.runner import FakeJob

from reprise.domain.forge import State
from reprise.domain.run import Level, Verdict
from reprise.ports import JobRequest

AGAIN = (0.9232, 0.9177, 0.9255, 0.9210, 0.9266)
SEEDS = "[0.9210, 0.9199, 0.9244, 0.9221, 0.9288]"
PUBLISHED = """\
    published: {value: "0.9232", kind: mean, per_seed: seeds.json}
    compare: {mode: distribution, margin: "0.01"}
"""
WITH_SEEDS = {
    **FILES,
    "reprise.yaml": SPEC.replace('    published: {value: "0.93"}\n', PUBLISHED),
    "seeds.json": SEEDS,
}


def test_five_seeds_are_judged_against_those_that_the_commit_publishes(
    controller: Controller, outside: Outside
) -> None:
    def job(request: JobRequest) -> FakeJob:
        return measured(AGAIN[len(outside.runner.started)])

    outside.runner.script = job
    repository, sha, run = run_tag(controller, WITH_SEEDS)
    assert run.judgement is not None
    assert (run.judgement.verdict, run.judgement.level) == (Verdict.REPRODUCED, Level.D)
    seeds = [started.seed for started in outside.runner.started]
    drawn = [derived(f"{sha}|wine|{run.seed_coin}|{index}") for index in range(1, 5)]
    assert seeds == [0, *drawn]
    status = outside.statuses(repository, sha)["reprise/wine/accuracy"]
    assert (status.state, status.description) == (
        State.SUCCESS,
        "published 0.9232, got mean 0.9228 of 5, difference −0.004616 to +0.003736, bar ±0.01, level D",
    )
    assert "0.9232, 0.9177, 0.9255, 0.921, 0.9266" in the_comment(outside, repository, sha)


def derived(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 2**31


def test_a_failing_seed_makes_it_inconclusive_and_ends_the_series(
    controller: Controller, outside: Outside
) -> None:
    def job(request: JobRequest) -> FakeJob:
        broken = measured("not a number")
        return broken if len(outside.runner.started) == 2 else measured(AGAIN[len(outside.runner.started)])

    outside.runner.script = job
    _, _, run = run_tag(controller, WITH_SEEDS)
    assert run.judgement is not None
    assert (run.judgement.verdict, len(outside.runner.started)) == (Verdict.INCONCLUSIVE, 3)
    assert run.judgement.message.startswith("trial 2 of 3 failed and runs.allow_failed is 0")
