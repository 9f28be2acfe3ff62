"""``python -m tests.record_histories``: lives every scene on the real engine and keeps its history.

For a new version of the tables or of the workflow; tests/samples/histories/README.md says what to keep.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import structlog
from tests.engine.harness import Controller, Outside
from tests.engine.watch import watching
from tests.recorded import PLACE, SCENES, History, Moment, Rows, Scene, rows_of, write

ENGINE = ("workflow_status", "workflow_input", "operation_outputs")


class Recorder:
    def __init__(self, state: Path) -> None:
        self._state = state
        self._known: Rows = {}
        self.moments: list[Moment] = []

    def cross(self, name: str, side: str, run_id: str) -> bool:
        if side == "before":
            self.look()
        return False

    def look(self) -> None:
        ours, engine = self._rows("reprise.db"), self._rows("engine.db")
        ours.pop("alembic_version")
        changed = {table: rows for table, rows in ours.items() if self._known.get(table) != rows}
        self._known = ours
        (status,) = engine["workflow_status"]
        self.moments.append(Moment(len(engine.get("operation_outputs", [])), changed, status))

    def history(self) -> History:
        engine, ours = self._rows("engine.db"), self._rows("reprise.db")
        (version,), (run,) = ours["alembic_version"], ours["runs"]
        return History(
            schema=version["version_num"],
            run_id=run["id"],
            reason=json.loads(run["judgement"])["reason"],
            inputs=engine.get("workflow_input", []),
            steps=engine["operation_outputs"],
            moments=self.moments,
        )

    def _rows(self, name: str) -> Rows:
        tables = ENGINE if name == "engine.db" else None
        text = json.dumps(rows_of(self._state / name, tables))
        found: dict[str, Any] = json.loads(text.replace(str(self._state.parent), PLACE))
        return {table: rows for table, rows in found.items() if rows}


def record(scene: Scene, folder: Path) -> History:
    recorder = Recorder(folder / "state")
    outside = Outside(folder)
    scene.prepare(outside, steps=0)
    controller = Controller(folder / "state", outside, wrap_steps=watching(recorder.cross))
    try:
        controller.start()
        scene.begin(controller)
        controller.resolve()
        controller.grant()
        controller.until(lambda: scene.ended(controller))
        recorder.look()
        return recorder.history()
    finally:
        controller.stop()


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    for name, scene in SCENES.items():
        with tempfile.TemporaryDirectory() as folder:
            history = record(scene, Path(folder))
        assert history.reason == scene.ends.value, f"{name} ended as {history.reason}"
        write(name, history)
        print(f"{name}: {len(history.steps)} steps, {len(history.moments)} moments, schema {history.schema}")


if __name__ == "__main__":
    main()
