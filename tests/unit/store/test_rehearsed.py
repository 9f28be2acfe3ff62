"""Rehearsals find what earlier ones of the same experiment left, whatever else lies there."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from reprise.domain.run import RunId, Sha, Verdict
from reprise.store.rehearsed import NAME, Rehearsed, alike, earlier, remember

LEFT = Rehearsed(
    repository_id=7,
    experiment="paper",
    run_id=RunId("r1"),
    commit=Sha("c0ffee"),
    ended_at=datetime(2026, 11, 21, tzinfo=UTC),
    verdict=Verdict.REPRODUCED,
    values={"accuracy": 0.93, "count": 3, "name": "x"},
    varied=None,
    record="runs/r1/trials/0-1/environment.json",
)


def leave(folder: Path, name: str, left: Rehearsed, *, at: float) -> Path:
    state = folder / name
    state.mkdir()
    remember(state, left)
    os.utime(state / NAME, (at, at))
    return state


def test_the_newest_of_the_same_experiment_comes_first(tmp_path: Path) -> None:
    old = leave(tmp_path, "b", LEFT, at=100)
    new = leave(tmp_path, "a", replace(LEFT, run_id=RunId("r2"), varied="seed=3"), at=200)
    leave(tmp_path, "c", replace(LEFT, experiment="other"), at=300)
    leave(tmp_path, "d", replace(LEFT, repository_id=8), at=300)
    found = list(earlier(tmp_path, 7, "paper"))
    assert [state for state, _ in found] == [new, old]
    assert found[1][1] == LEFT


def test_those_on_the_same_backend_come_before_newer_ones_on_another(tmp_path: Path) -> None:
    leave(tmp_path, "a", replace(LEFT, backend="docker"), at=100)
    leave(tmp_path, "b", LEFT, at=200)
    leave(tmp_path, "c", replace(LEFT, backend="process"), at=300)
    leave(tmp_path, "d", replace(LEFT, backend="docker", varied="seed=3"), at=400)
    found = [left.backend for _, left in alike(tmp_path, 7, "paper", "docker")]
    assert found == ["docker", "process", ""]


def test_what_an_older_version_left_tells_no_backend(tmp_path: Path) -> None:
    state = leave(tmp_path, "a", LEFT, at=100)
    kept = json.loads((state / NAME).read_text())
    del kept["backend"]
    (state / NAME).write_text(json.dumps(kept))
    assert [left for _, left in earlier(tmp_path, 7, "paper")] == [LEFT]


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    leave(tmp_path, "good", LEFT, at=100)
    for name, content in (("cut", b'{"repository_id": 7'), ("other", b"[]"), ("empty", b"")):
        (tmp_path / name).mkdir()
        (tmp_path / name / NAME).write_bytes(content)
    (tmp_path / "folder" / NAME).mkdir(parents=True)
    assert [left for _, left in earlier(tmp_path, 7, "paper")] == [LEFT]
    assert list(earlier(tmp_path / "nowhere", 7, "paper")) == []
