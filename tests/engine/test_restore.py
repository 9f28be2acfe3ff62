"""Yesterday's copy of the state, made while the controller worked as docs/operate.md says, and put back."""

import sqlite3
import threading
from pathlib import Path

import pytest
from tests.engine.harness import FILES, Controller, Outside, assert_clean, measured
from tests.fakes.runner import FakeJob, FakeRunner

from reprise.domain.forge import OnCommit
from reprise.domain.run import Verdict
from reprise.domain.watch import read_watch
from reprise.engine.sweep import sweep
from reprise.ports import JobRequest


def back_up(state: Path, copy: Path) -> None:
    """The engine's database first: what the rows do not know of must not be in it."""
    copy.mkdir()
    for name in ("engine.db", "reprise.db"):
        connection = sqlite3.connect(state / name)
        connection.execute("VACUUM INTO ?", [str(copy / name)])
        connection.close()


@pytest.mark.parametrize("engine_too", [True, False], ids=["both databases", "without engine.db"])
def test_the_sweep_heals_what_happened_after_the_copy(
    tmp_path: Path, template: Path, outside: Outside, engine_too: bool
) -> None:
    copy = tmp_path / "copy"
    copied = threading.Event()

    def job(request: JobRequest) -> FakeJob:
        """The copy is made in the middle of the second run."""
        if not copied.is_set() and len({each.run_id for each in outside.runner.started}) == 2:
            copied.set()
            back_up(tmp_path / "state", copy)
        return measured(0.93)

    outside.runner = FakeRunner(job)
    repository = outside.repository()
    controller = Controller(tmp_path / "state", outside, template=template)
    sweep(controller.world, read_watch(("ada/wine",)))
    shas = [outside.tag(repository, "v1", {**FILES, "x": "1"})]
    sweep(controller.world, read_watch(("ada/wine",)))
    controller.work()
    shas.append(outside.tag(repository, "v2", {**FILES, "x": "2"}))
    sweep(controller.world, read_watch(("ada/wine",)))
    controller.work()
    shas.append(outside.tag(repository, "v3", {**FILES, "x": "3"}))
    sweep(controller.world, read_watch(("ada/wine",)))
    controller.work()
    before = {run.id: run.commit for run in controller.runs()}
    controller.stop()
    assert copied.is_set()

    if not engine_too:
        (copy / "engine.db").unlink()
    outside.runner = FakeRunner(lambda job: measured(0.93))  # what ran meanwhile went with its machine
    restored = Controller(copy, outside)
    assert [run.ended_at is None for run in restored.runs()] == [False, True]
    assert sweep(restored.world, read_watch(("ada/wine",))) == 1
    restored.work()
    try:
        assert {run.id: run.commit for run in restored.runs()} == before
        verdicts = [run.judgement.verdict for run in restored.runs() if run.judgement is not None]
        assert verdicts == [Verdict.REPRODUCED] * 3
        assert_clean(restored)
        assert [len(outside.comments(repository, OnCommit(sha))) for sha in shas] == [1, 1, 1]
    finally:
        restored.stop()
