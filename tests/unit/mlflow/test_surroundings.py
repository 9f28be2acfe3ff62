from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.records import record, trial

from reprise.adapters.mlflow import seen, surroundings
from reprise.adapters.mlflow.content import run_content, trial_content
from reprise.adapters.mlflow.seen import Seen
from reprise.domain.system_metrics import Series

RECORD: dict[str, Any] = {
    "gpu": [],
    "cuda": {},
    "cpu": {"model": "AMD EPYC 7763"},
    "os": {"system": "Linux", "kernel": "5.15.0", "architecture": "x86_64", "libc": "glibc 2.35"},
    "blas": [{"library": "openblas", "architecture": "Zen"}],
    "profile": {"name": "strict"},
    "missing": {"gpu": "no NVIDIA driver here"},
}
GPU = {"name": "NVIDIA A100", "memory_bytes": 85_899_345_920, "uuid": "GPU-1"}
WITH_GPUS = {**RECORD, "gpu": [GPU, GPU], "cuda": {"driver": "550.54", "version": "12.4"}, "missing": {}}


def test_a_machine_without_a_gpu_says_so() -> None:
    assert surroundings.machine_tags(RECORD) == {
        "gpu_count": "0",
        "gpu_status": "no NVIDIA driver here",
        "platform": "Linux-5.15.0-x86_64-glibc2.35",
        "reprise.cpu": "AMD EPYC 7763",
        "reprise.blas_kernel": "Zen",
        "reprise.profile": "strict",
    }
    assert surroundings.gpu_info(RECORD) == ""


def test_gpus_are_counted_and_can_be_filtered_by() -> None:
    tags = surroundings.machine_tags(WITH_GPUS)
    assert tags["gpu_count"] == "2"
    assert "gpu_status" not in tags
    assert tags["reprise.gpu"] == "2 × NVIDIA A100"
    assert tags["reprise.driver"] == "550.54"
    text = surroundings.gpu_info(WITH_GPUS)
    assert text.startswith("Driver Version: 550.54   CUDA Version: 12.4\nGPU 0: NVIDIA A100\n")
    assert "memory_bytes: 85899345920 (81920 MiB)" in text


def test_a_run_that_nobody_recorded_claims_nothing_about_gpus(tmp_path: Path) -> None:
    tags = trial_content(record("r"), trial(tmp_path), {}).tags
    assert "gpu_count" not in tags
    assert tags["python_version"] == "3.11.7"


def test_odd_records_make_odd_tags_and_no_errors() -> None:
    for odd in (
        {"gpu": "many", "missing": "all"},
        {"gpu": [None, 3, {"name": ["x"], "memory_bytes": "9" * 400}], "cuda": [1], "os": {"libc": [1]}},
        {"missing": {"gpu": "x\0\ud800" * 9_000}, "cpu": {"model": {"deep": 1}}},
    ):
        assert all(len(value) <= 8_000 for value in surroundings.machine_tags(odd).values())
        surroundings.gpu_info(odd)


def test_git_is_told_by_the_names_that_people_know(tmp_path: Path) -> None:
    told = replace(record("r", trial(tmp_path)), repository_url="https://ann:secret@forge.example/r.git")
    tags = run_content(told).tags
    assert (tags["git_branch"], tags["git_dirty"], tags["git_status"]) == ("v1.0", "False", "clean")
    text = surroundings.git_info(told)
    assert "Remote: https://forge.example/r.git\nBranch: v1.0\n" in text
    assert f"Commit: {'c' * 40}" in text
    assert "secret" not in text
    assert surroundings.git_tags(replace(told, dirty=True))["git_status"] == "dirty"


def test_a_record_passes_for_none_of_our_own_tags(tmp_path: Path) -> None:
    forged = Seen(record={**RECORD, "reprise": {"run_id": "other"}})
    told = trial_content(record("r"), trial(tmp_path), {}, forged)
    assert "reprise.run_id" not in told.tags
    assert told.tags["reprise.cpu"] == "AMD EPYC 7763"


def test_series_go_by_mlflows_own_names_and_the_records_times(tmp_path: Path) -> None:
    looked = Seen(series=Series((1_000, 2_000), {"cpu_utilization_percentage": (None, 99.0)}))
    points = trial_content(record("r"), trial(tmp_path), {}, looked).points
    (point,) = [point for point in points if point.name.startswith("system/")]
    assert (point.name, point.value, point.at_ms, point.step) == (
        "system/cpu_utilization_percentage",
        99.0,
        2_000,
        1,
    )


def test_odd_files_are_named_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "environment.json").write_text("[1]")
    (tmp_path / "system-metrics.json").write_text("{}")
    (tmp_path / "nvidia-smi.xml").symlink_to("/etc/hostname")
    looked = seen.look(tmp_path)
    assert (looked.record, looked.record_text, looked.smi) == ({}, "", None)
    assert [problem.split(":")[0] for problem in looked.problems] == [
        "environment.json",
        "system-metrics.json",
    ]


def test_nothing_there_is_nothing_odd(tmp_path: Path) -> None:
    assert seen.look(tmp_path) == seen.NOTHING


def test_the_parent_is_told_of_the_last_attempt_at_trial_0(tmp_path: Path) -> None:
    for name, text in (("a", "[]"), ("b", '{"cpu": {"model": "x"}}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "environment.json").write_text(text)
    trials = trial(tmp_path / "c", 1), trial(tmp_path / "a"), trial(tmp_path / "b", attempt=2)
    assert seen.first(trials).record == {"cpu": {"model": "x"}}
    assert seen.first(trials[:1]) == seen.NOTHING
