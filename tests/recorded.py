"""Histories of live runs as they stood in both databases, recorded from the real engine at every step.

``python -m tests.record_histories`` writes them again; tests/engine/test_upgrade.py lives them on.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.engine.harness import Controller, Outside, measured, pull_request
from tests.fakes.runner import FakeJob

from reprise.domain.errors import Retryable
from reprise.domain.run import Reason
from reprise.engine import stopping
from reprise.ports import JobRequest

FOLDER = Path(__file__).parent / "samples" / "histories"
PLACE = "{state}"
"""Stands for the folder in which the controller worked."""

Rows = dict[str, list[dict[str, Any]]]
"""table → rows as they stand in SQLite"""


@dataclass(frozen=True)
class Moment:
    """Both databases, a step of the workflow about to begin."""

    steps: int
    """How many are recorded."""
    ours: Rows
    """Tables that changed since the moment before."""
    status: dict[str, Any]
    """The engine's row of the workflow."""


@dataclass(frozen=True)
class History:
    schema: str
    """Of our tables."""
    run_id: str
    reason: str
    """In which it ended."""
    inputs: list[dict[str, Any]]
    """The engine's row of what the workflow was started with."""
    steps: list[dict[str, Any]]
    """The engine's row of each step, in order."""
    moments: list[Moment]

    @property
    def names(self) -> list[str]:
        return [step["function_name"] for step in self.steps]


def recorded() -> list[str]:
    """Names of all samples: the scene, and the schema at which it was recorded."""
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def scene_of(name: str) -> "Scene":
    return SCENES[name.partition(".")[0]]


@cache
def read(name: str) -> History:
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return History(**data | {"moments": [Moment(**moment) for moment in data["moments"]]})


def write(scene: str, history: History) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(history), indent=1, ensure_ascii=False)
    (FOLDER / f"{scene}.{history.schema}.json").write_text(text + "\n", encoding="utf-8")


# --- the runs ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """A run to record, and what has to go on around it when it is lived on."""

    ends: Reason
    job: Callable[[JobRequest], FakeJob]
    asked: bool = False
    """In a pull request, by a command; else by a tag."""
    cancelled: bool = False
    """As soon as its job runs."""
    forge_hesitates: bool = False
    """At the first status."""

    def begin(self, controller: Controller) -> None:
        outside = controller.outside
        if self.asked:
            controller.told_comment(pull_request(outside))
        else:
            outside.tag(outside.repository(), "v1")
            controller.told_tag(outside.forge.repository("ada/wine"), "v1")

    def prepare(self, outside: Outside, *, steps: int) -> None:
        """What happens outside, given how many steps are done."""
        outside.runner.script = self.job
        if self.forge_hesitates and steps == 0:
            outside.forge.fail("post_status", Retryable("the forge does not answer"))

    def ended(self, controller: Controller) -> bool:
        (run,) = controller.runs()
        if self.cancelled and controller.outside.runner.started and run.stop_requested is None:
            with controller.world.store.write() as connection:
                stopping.cancel(controller.world, connection, run.repository.id, run.place, "ada")
        return run.ended_at is not None and controller.engine.over(run.id)


def _loses_the_first(job: JobRequest) -> FakeJob:
    return FakeJob(lost=True) if job.folder.name == "0-1" else measured(0.93)


SCENES = {
    "reproduced": Scene(Reason.COMPLETED, lambda job: measured(0.93)),
    "failed": Scene(
        Reason.COMMAND_FAILED,
        lambda job: FakeJob(reason=Reason.COMMAND_FAILED, exit_code=1, message="it ended with exit code 1"),
    ),
    "cancelled": Scene(Reason.CANCELLED, lambda job: FakeJob(forever=True), asked=True, cancelled=True),
    "retried": Scene(Reason.COMPLETED, _loses_the_first, forge_hesitates=True),
}


# --- both databases ------------------------------------------------------------------------------------


def rows_of(database: Path, tables: Sequence[str] | None = None) -> Rows:
    """Every row of these tables, else of all that have some."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    names = tables or [
        row["name"]
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not row["name"].startswith("sqlite_")
    ]
    found = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in names}
    connection.close()
    return {name: rows for name, rows in found.items() if rows or tables}


def insert_rows(database: Path, rows: Rows) -> None:
    connection = sqlite3.connect(database)
    for table, found in rows.items():
        for row in found:
            columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values()))
    connection.commit()
    connection.close()
