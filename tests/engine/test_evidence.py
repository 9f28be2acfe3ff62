"""Evidence: sealed once before anybody is told, linked, and never a reason to keep a verdict back."""

import json
import math
import zipfile
from dataclasses import replace

from tests.engine.conftest import Make
from tests.engine.harness import Controller, Files, Outside, assert_clean, measured, run_tag, spec_with
from tests.fakes.runner import FakeJob

from reprise.adapters.evidence.archive import ZipArchive
from reprise.adapters.evidence.keys import Keys
from reprise.domain.forge import OnCommit, Permission, State
from reprise.domain.report import render_report
from reprise.domain.run import Reason, Verdict
from reprise.engine import evidence
from reprise.engine.view import links, run_view
from reprise.engine.world import World
from reprise.ports import JobRequest, JobRun
from reprise.store import runs
from reprise.store.runs import Run

ARTIFACT: Files = spec_with({"claims:": "artifacts: [{path: predictions.csv}]\nclaims:"})
MLFLOW: Files = spec_with({"{file: metrics.json, pointer: /accuracy}": "{mlflow: accuracy}"})
NOTHING_CLAIMED: Files = {
    "reprise.yaml": "version: 1\nrun: {command: [python, train.py], seed: {arg: --seed}}\n",
    "requirements.txt": "numpy==2.4.0\n",
}
BROKEN = FakeJob(exit_code=1, reason=Reason.COMMAND_FAILED, message="it failed")
SEEDS: Files = {
    **spec_with({'value: "0.93"': 'value: "0.93", per_seed: seeds.json'}),
    "seeds.json": "[0.5, 0.6]",
}
ENDINGS: dict[str, tuple[Files | None, FakeJob, Verdict]] = {
    "good": (None, measured(0.93), Verdict.REPRODUCED),
    "bad": (None, measured(0.5), Verdict.NOT_REPRODUCED),
    "broken": (None, BROKEN, Verdict.NOT_RUN),
    "unreadable": (spec_with({"version: 1": "version: 2"}), measured(0.93), Verdict.NOT_RUN),
    "other seeds": (SEEDS, measured(0.93), Verdict.NOT_RUN),
    "silent": (NOTHING_CLAIMED, measured(0.93), Verdict.NOT_JUDGED),
}


def real(world: World) -> World:
    """With packages on the disk, signed."""
    keys = Keys(world.folders.state / "keys")
    keys.make()
    return replace(world, archive=ZipArchive(world.folders.evidence, keys))


def package(controller: Controller, run: Run) -> zipfile.ZipFile:
    assert run.evidence is not None, run.evidence_problem
    path = controller.world.archive.path(run.evidence)
    assert path is not None
    return zipfile.ZipFile(path)


def test_a_run_is_sealed_and_its_artifacts_status_leads_there(
    controller: Controller, outside: Outside
) -> None:
    outside.runner.script = lambda job: FakeJob({**measured(0.93).files, "predictions.csv": "1,0\n"})
    repository, sha, run = run_tag(controller, ARTIFACT)

    address = f"https://reprise.test/api/v1/runs/{run.id}/evidence.zip"
    assert outside.archive.of(run.id)[0].judgement == run.judgement
    assert outside.statuses(repository, sha)["reprise/wine/artifacts"].target_url == address
    (comment,) = outside.comments(repository, OnCommit(sha))
    assert f"[evidence]({address})" in comment.body


def test_without_pages_nobody_is_sent_there(make: Make) -> None:
    controller = make(pages=None)
    _, _, run = run_tag(controller)

    assert run.evidence is not None
    assert links(controller.world, run).evidence is None


def test_a_rehearsal_names_the_file(controller: Controller) -> None:
    _, _, run = run_tag(controller)
    alone = replace(controller.world, forge=None)

    assert run.evidence is not None
    kept = str(controller.outside.archive.path(run.evidence))
    assert links(alone, run).evidence == kept
    assert kept not in render_report(run_view(alone, run)).markdown


def test_what_cannot_be_sealed_is_told_and_keeps_no_verdict_back(
    controller: Controller, outside: Outside
) -> None:
    outside.archive.problem = "a result cannot be described"
    repository, sha, run = run_tag(controller)

    assert run.evidence is None
    assert run.evidence_problem == "a result cannot be described"
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS
    (comment,) = outside.comments(repository, OnCommit(sha))
    assert "There is no evidence to keep: a result cannot be described" in comment.body


def test_a_run_is_sealed_once(controller: Controller, outside: Outside) -> None:
    _, _, run = run_tag(controller)
    outside.archive.records.clear()

    evidence.seal(controller.world, run)

    assert outside.archive.records == {}


def test_after_a_crash_before_the_row_the_same_bytes_are_made_again(make: Make) -> None:
    controller = make(wrap_world=real)
    _, _, run = run_tag(controller)
    with controller.world.store.write() as connection:
        runs.save(connection, run.id, evidence=None)
    controller.outside.clock.advance(3600)

    evidence.seal(controller.world, replace(run, evidence=None, ended_at=None))

    assert controller.run().evidence == run.evidence
    assert len(list(controller.world.folders.evidence.iterdir())) == 1


def test_every_way_to_end_is_sealed(make: Make) -> None:
    controller = make(wrap_world=real, slots=5)
    outside = controller.outside
    told = {}
    for name, (files, job, verdict) in ENDINGS.items():
        repository = outside.repository(f"ada/{name}")
        outside.tag(repository, "v1", files)
        controller.told_tag(repository, "v1")
        told[repository.full_name] = (job, verdict)
    outside.runner.script = lambda job: _job_of(controller, job, told)
    controller.work()
    assert_clean(controller)

    ended = controller.runs()
    assert len(ended) == len(ENDINGS)
    for run in ended:
        verdict = told[run.repository.full_name][1]
        assert run.judgement is not None
        assert run.judgement.verdict is verdict
        with package(controller, run) as sealed:
            report = json.loads(sealed.read("report.json"))
            assert (report["verdict"], report["phase"]) == (verdict.value, "done")
            assert "attestation.dsse.json" in sealed.namelist()


def _job_of(controller: Controller, job: JobRequest, told: dict[str, tuple[FakeJob, Verdict]]) -> FakeJob:
    (run,) = (run for run in controller.runs() if run.id == job.run_id)
    return told[run.repository.full_name][0]


def test_what_a_job_logged_is_sealed_and_judged_from(make: Make) -> None:
    controller = make(wrap_world=real)
    outside = controller.outside

    def log_two(job: JobRequest) -> FakeJob:
        metrics: dict[str, tuple[tuple[int, float, int], ...]] = {
            "accuracy": ((1, 0.93, 0),),
            "loss": ((1, 0.1, 0),),
        }
        outside.tracker.logged[job.results] = (JobRun("a", metrics, {}, {}),)
        return FakeJob()

    outside.runner.script = log_two
    _, _, run = run_tag(controller, MLFLOW)

    with package(controller, run) as sealed:
        assert json.loads(sealed.read("runs/0-1/mlflow.json")) == {"accuracy": [[1, 0.93, 0]]}


def test_numbers_that_nobody_claims_are_sealed_whatever_they_are(make: Make) -> None:
    controller = make(wrap_world=real)
    outside = controller.outside

    def diverge(job: JobRequest) -> FakeJob:
        metrics: dict[str, tuple[tuple[int, float, int], ...]] = {
            "loss": ((1, 0.1, 0), (2, math.nan, 1)),
            "begun": (),
        }
        outside.tracker.logged[job.results] = (JobRun("a", metrics, {}, {}),)
        return measured(0.93)

    outside.runner.script = diverge
    _, _, run = run_tag(controller, NOTHING_CLAIMED)

    assert run.judgement is not None
    assert run.judgement.message == "ran: accuracy 0.93, loss nan, no claim declared"
    with package(controller, run) as sealed:
        assert json.loads(sealed.read("run.json"))["metrics"] == {"accuracy": 0.93, "loss": "NaN"}


CONTROLLED = spec_with(
    {'published: {value: "0.93"}': 'published: {value: "0.93"}\n    control: {args: [--shuffle-labels]}'}
)


def test_controls_are_sealed_as_such_and_judged_again(make: Make) -> None:
    controller = make(wrap_world=real)
    controller.outside.runner.script = lambda job: measured(0.93 if job.control is None else 0.11)
    _, _, run = run_tag(controller, CONTROLLED)

    assert (run.evidence_problem, run.judgement and run.judgement.verdict) == (None, Verdict.REPRODUCED)
    with package(controller, run) as sealed:
        recorded, told = json.loads(sealed.read("run.json")), json.loads(sealed.read("report.json"))
    assert [trial["control"] for trial in recorded["trials"]] == [None, None, ["--shuffle-labels"]]
    assert told["claims"][0]["control"]["outcome"] == "caught"


def test_a_ledger_is_sealed_as_it_was_when_the_run_ended(make: Make) -> None:
    controller = make(wrap_world=real)
    repository, sha, first = run_tag(controller)
    controller.outside.forge.set_permission(repository, "ada", Permission.WRITE)
    controller.outside.clock.advance(60)
    controller.told_commit_comment(repository, sha)
    controller.work()
    _, second = controller.runs()
    with package(controller, second) as sealed:
        ledger = json.loads(sealed.read("run.json"))["ledger"]
    assert [each["run_id"] for each in ledger] == [first.id, second.id]

    with controller.world.store.write() as connection:
        runs.save(connection, first.id, evidence=None)
    evidence.seal(controller.world, replace(first, evidence=None, ended_at=None))

    assert controller.runs()[0].evidence == first.evidence
