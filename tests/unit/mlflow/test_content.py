import math
from dataclasses import replace
from pathlib import Path

import pytest
from tests.records import STARTED_MS, record, trial

from reprise.adapters.mlflow.bounded import Metric
from reprise.adapters.mlflow.content import (
    Content,
    job_content,
    package_list,
    run_content,
    trial_content,
    verdict_tags,
)
from reprise.adapters.mlflow.filestore import StoredRun
from reprise.domain.run import Reason
from reprise.ports import JobRun


def values(content: Content) -> dict[str, float]:
    return {point.name: point.value for point in content.points}


def stored(job: JobRun) -> StoredRun:
    return StoredRun(job, "a1", Path("/nowhere"), 3, 1_000, 2_000)


def test_a_run_says_what_it_ran_and_where_it_came_from(tmp_path: Path) -> None:
    content = run_content(record("r", trial(tmp_path)))
    assert content.name == "v1.0 ccccccc"
    assert content.params["command"] == "python train.py"
    assert content.params["python"] == "3.11.7"
    assert content.tags["mlflow.source.git.commit"] == "c" * 40
    assert content.tags["mlflow.source.git.repoURL"] == "https://forge.example/ann/paper.git"
    assert content.tags["reprise.git_state"] == "clean"
    assert content.tags["reprise.lock_sha256"] == "d" * 64
    assert content.tags["reprise.isolation"] == "none"
    assert content.tags["reprise.seed"] == "7"


def test_no_password_of_a_clone_url_is_told(tmp_path: Path) -> None:
    told = replace(record("r", trial(tmp_path)), repository_url="https://ann:secret@forge.example/r.git")
    assert "secret" not in repr(run_content(told))
    assert run_content(told).tags["mlflow.source.name"] == "https://forge.example/r.git"


def test_the_parent_charts_claims_by_trial_without_the_probe(tmp_path: Path) -> None:
    trials = (
        trial(tmp_path, 0),
        trial(tmp_path, 1, probe=True, values={"accuracy": 0.1}),
        trial(tmp_path, 2, values={"accuracy": 0.94}),
    )
    points = run_content(record("r", *trials)).points
    assert [(point.step, point.value) for point in points] == [(0, 0.9325), (2, 0.94)]


def test_a_trial_has_every_number_its_claims_and_its_cost(tmp_path: Path) -> None:
    content = trial_content(
        record("r"), trial(tmp_path), {"out/m.json": {"accuracy": 0.9325, "loss/train": 1}}
    )
    assert values(content) == {
        "accuracy": 0.9325,
        "loss/train": 1,
        "claim/accuracy": 0.9325,
        "reprise/seconds": 2.5,
        "reprise/cpu_seconds": 2.0,
        "reprise/peak_memory_bytes": 100_000_000,
    }
    assert content.params["seed"] == "7"
    assert content.ended_ms == STARTED_MS + 2_500


def test_numbers_of_several_files_carry_the_files_name(tmp_path: Path) -> None:
    numbers = {"out/a.json": {"acc": 1.0}, "out/b.json": {"acc": 2.0}}
    named = values(trial_content(record("r"), trial(tmp_path, values={}), numbers))
    assert (named["out/a/acc"], named["out/b/acc"]) == (1.0, 2.0)


def test_a_text_is_a_tag_and_a_huge_integer_no_metric(tmp_path: Path) -> None:
    told = trial(tmp_path, values={"answer": "yes", "count": 3})
    told = replace(told, result=replace(told.result, values={**told.result.values, "huge": 10**400}))
    content = trial_content(record("r"), told, {})
    assert content.tags["reprise.claim.answer"] == "yes"
    assert "claim/count" in values(content)
    assert "claim/huge" not in values(content)


@pytest.mark.parametrize(
    ("reason", "status"),
    [(Reason.COMPLETED, "FINISHED"), (Reason.COMMAND_FAILED, "FAILED"), (Reason.CANCELLED, "KILLED")],
)
def test_the_status_follows_the_reason(tmp_path: Path, reason: Reason, status: str) -> None:
    assert trial_content(record("r"), trial(tmp_path, reason=reason), {}).status == status


def test_probe_and_attempts_are_named(tmp_path: Path) -> None:
    told = record("r")
    assert trial_content(told, trial(tmp_path, 1, probe=True), {}).name == "probe"
    assert trial_content(told, trial(tmp_path, 0, attempt=2), {}).name == "trial 0 (attempt 2)"


def test_a_jobs_tags_cannot_pass_for_ours_or_point_into_other_runs() -> None:
    tags = {
        "who": "me",
        "mlflow.note.content": "about it",
        "mlflow.parentRunId": "somebody-elses",
        "reprise.run_id": "another-run",
        "reprise.verdict": "reproduced",
    }
    content = job_content(stored(JobRun("train", {}, {}, tags)))
    assert content.tags == {"who": "me", "mlflow.note.content": "about it"}


def test_a_jobs_odd_values_are_made_to_fit() -> None:
    metrics: dict[str, Metric] = {
        "f1@k": ((-5, math.inf, 2**80),),
        "nan": ((2**70, math.nan, 0),),
    }
    content = job_content(stored(JobRun("train", metrics, {"p" * 300: "x" * 9_000}, {})))
    first, second = content.points
    assert (first.name, first.at_ms, first.step) == ("f1_k", 0, 2**63 - 1)
    assert math.isfinite(first.value)
    assert math.isnan(second.value)
    ((name, value),) = content.params.items()
    assert (len(name), len(value)) == (250, 6_000)


def test_a_long_report_is_cut_for_the_description() -> None:
    assert len(verdict_tags({}, "x" * 20_000)["mlflow.note.content"]) == 8_000


def test_packages_are_listed_like_pip_does() -> None:
    built = record("r").built
    assert built is not None
    assert package_list(built) == "numpy==2.3.0\nscikit-learn==1.7.0\n"
