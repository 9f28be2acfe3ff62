"""Runs that were alive when an earlier version stopped come to their verdict with this one.

Each history in tests/samples/histories was recorded from the real engine, at every step. If a test here
fails after a change of the workflow or of a step, that change would strand live runs: give the change
another shape, e.g. let a step do more instead of adding one before steps that are recorded already.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.engine.harness import FILES, Controller, Outside, assert_settled
from tests.engine.recovery import quick_recovery
from tests.engine.watch import watching
from tests.recorded import PLACE, SCENES, History, Rows, insert_rows, read, recorded, scene_of

from reprise.domain.run import RunId
from reprise.domain.spec.model import Spec
from reprise.engine import durable
from reprise.engine.specs import read_spec
from reprise.engine.steps import Steps
from reprise.engine.workflow import RunWorkflow
from reprise.ports import Durable
from reprise.store.database import Database

SLEEP = "DBOS.sleep"
Blank = Callable[[str, Path], None]


@pytest.fixture(scope="module", autouse=True)
def recovers_quickly() -> Iterator[None]:
    with quick_recovery():
        yield


class Life:
    """A controller of today on a history that was cut off at one of its moments."""

    def __init__(self, name: str, moment: int, folder: Path, blank: Blank) -> None:
        self.history, self.scene = read(name), scene_of(name)
        self.steps = self.history.moments[moment].steps
        self.called: list[str] = []
        self.outside = Outside(folder)
        state = folder / "state"
        state.mkdir(parents=True)
        blank(self.history.schema, state)
        ours, engines = at(self.history, moment)
        insert_rows(state / "reprise.db", located(ours, folder))
        insert_rows(state / "engine.db", located(engines, folder))
        store = Database(f"sqlite:///{state / 'reprise.db'}")
        store.migrate()
        self.controller = Controller(
            state, self.outside, store=store, template=folder, wrap_steps=self._watched
        )
        self._live_on()

    def _live_on(self) -> None:
        """The outside, as far as it had come."""
        (row,) = self.controller.runs()
        repository = self.outside.forge.add_repository(row.repository.full_name, id=row.repository.id)
        assert self.outside.commit(repository, FILES) == row.commit
        if row.pull_request is not None:
            self.outside.forge.add_pull_request(repository, row.pull_request, row.commit)
        names = self.history.names[: self.steps]
        if "request_machine" in names and "release" not in names:
            self.outside.source.fetch(repository, row.commit)
            file = read_spec(self.outside.source, repository, row.commit, row.spec_file)
            assert file is not None
            self.outside.provider.request(RunId(row.id), cast(Spec, file.spec))
        self.scene.prepare(self.outside, steps=self.steps)

    def _watched(self, steps: Steps) -> Steps:
        def cross(name: str, side: str, run_id: str) -> bool:
            if side == "before":
                self.called.append(name)
            return False

        return watching(cross)(steps)

    def lead(self) -> None:
        try:
            self.controller.start()
            self.controller.until(lambda: self.scene.ended(self.controller))
        finally:
            self.controller.stop()


def at(history: History, moment: int) -> tuple[Rows, Rows]:
    """Our rows and the engine's, as they stood then."""
    ours: Rows = {}
    for each in history.moments[: moment + 1]:
        ours |= each.ours
    then = history.moments[moment]
    steps = history.steps[: then.steps]
    return ours, {
        "workflow_status": [then.status],
        "workflow_input": history.inputs,
        "operation_outputs": steps,
    }


def located(rows: Rows, folder: Path) -> Rows:
    found: Rows = json.loads(json.dumps(rows).replace(PLACE, str(folder)))
    return found


def moments() -> list[Any]:
    return [
        pytest.param(name, number, id=f"{name} after {moment.steps} steps")
        for name in recorded()
        for number, moment in enumerate(read(name).moments)
        if number == 0 or moment.steps != read(name).moments[number - 1].steps
    ]


@pytest.fixture(scope="session")
def blank(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Blank:
    """Puts empty databases into a folder, ours at a schema of long ago."""
    folder = tmp_path_factory.mktemp("schemas")

    def copy(schema: str, state: Path) -> None:
        kept = folder / f"{schema}.db"
        if not kept.exists():
            store = Database(f"sqlite:///{kept}")
            store.migrate(schema)
            store.close()
        shutil.copy(kept, state / "reprise.db")
        shutil.copy(template / "engine.db", state / "engine.db")

    return copy


@pytest.mark.parametrize(("name", "moment"), moments())
def test_a_run_of_an_earlier_version_comes_to_its_verdict(
    tmp_path: Path, blank: Blank, name: str, moment: int
) -> None:
    life = Life(name, moment, tmp_path, blank)
    life.lead()
    history = life.history
    run = life.controller.run()
    assert run.judgement is not None
    assert (run.id, run.judgement.reason) == (history.run_id, scene_of(name).ends)
    assert life.called == [step for step in history.names[life.steps :] if step != SLEEP]
    assert_settled(life.controller)


def test_every_scene_has_a_history() -> None:
    assert {name.partition(".")[0] for name in recorded()} == set(SCENES)
    for name in recorded():
        assert read(name).reason == scene_of(name).ends.value
        if name.startswith("retried."):
            assert SLEEP in read(name).names, "a step that was repeated after a pause"
            assert read(name).names.count("execute_trial") == 3, (
                "one attempt was lost, one trial is the probe"
            )


# --- that it would be noticed --------------------------------------------------------------------------


class Changed:
    """What a workflow awaits, so that its steps look as if somebody had changed them."""

    def __init__(self, renamed: Callable[[str], list[str]]) -> None:
        self._renamed = renamed
        self.sleep = durable.sleep

    async def step(self, name: str, call: Callable[..., Any], *args: object) -> Any:
        result: Any = None
        for each in self._renamed(name):
            result = await durable.step(each, call, *args)
        return result


def renamed(name: str) -> list[str]:
    return ["make" if name == "build" else name]


def inserted(name: str) -> list[str]:
    return ["warm_up", name] if name == "build" else [name]


def reordered(name: str) -> list[str]:
    swapped = {"request_machine": "build", "build": "request_machine"}
    return [swapped.get(name, name)]


@pytest.mark.parametrize("change", [renamed, inserted, reordered])
def test_a_change_that_strands_live_runs_is_noticed(
    tmp_path: Path, blank: Blank, change: Callable[[str], list[str]]
) -> None:
    name = next(name for name in recorded() if name.startswith("reproduced."))
    history = read(name)
    after_build = next(
        number
        for number, moment in enumerate(history.moments)
        if moment.steps == history.names.index("await_machine")
    )
    life = Life(name, after_build, tmp_path, blank)
    changed: Durable = Changed(change)
    body = RunWorkflow(Steps(life.controller.world), changed).run
    controller = replace(life.controller, wrap_body=lambda _: body, store=life.controller.world.store)
    controller.start()
    controller.until(lambda: controller.engine.over(history.run_id))
    assert controller.engine.broken(history.run_id)
    assert controller.run().judgement is None
    controller.stop()
