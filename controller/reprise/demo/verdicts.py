"""Every kind of answer, by rehearsing each experiment of the example; all of them at the same time.

The example's README says how each comes out, and the demo fails when one does not.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprise.demo.folders import CACHE, demo_folder, example_of
from reprise.demo.promises import Promise, read_promises
from reprise.demo.screen import Answer, Screen
from reprise.demo.services import end, undisturbed
from reprise.domain.errors import UserError
from reprise.domain.run import Verdict
from reprise.domain.words import VERDICT_TEXT
from reprise.verifying import verify

_RUN_SECONDS = 600
"""The first time, the environment is downloaded."""
_GIT_SECONDS = 60


def show_verdicts(*, example: Path | None = None) -> int:
    """0 when every experiment came out as the example's README says, else 1."""
    source = example_of(example)
    promises = read_promises((source / "README.md").read_text(encoding="utf-8"))
    screen = Screen()
    with demo_folder("verdicts") as folder:
        copy = _committed(source, folder / "example")
        screen.title(f"Each of {len(promises)} experiments is run on this machine")
        with _rehearsals(copy, folder, promises) as started:
            ended = _follow(started, screen)
        screen.title("What each of them answers")
        screen.answers([_answer(each, ended[each.promise]) for each in started])
        unpromised = _spec_names(source) - {promise.experiment for promise in promises}
        for name in sorted(unpromised):
            screen.plain(f"{name}: the README promises nothing")
        screen.title("What this made")
        screen.places(
            [
                ("what each printed", f"{folder}"),
                ("one report", f".venv/bin/reprise run --experiment NAME {copy}"),
                ("their evidence", f".venv/bin/reprise verify {folder}/state/evidence/….zip"),
            ]
        )
    if not unpromised and all(each.kept(ended[each.promise]) for each in started):
        screen.ending(
            "Every verdict came out as the example promises, and follows from its evidence.", good=True
        )
        return 0
    screen.ending(
        "A verdict is not as the example promises, or does not follow from its evidence: see above.",
        good=False,
    )
    return 1


@dataclass(frozen=True, slots=True)
class Rehearsal:
    promise: Promise
    process: "subprocess.Popen[bytes]"
    printed: Path
    """The JSON object."""
    log: Path

    def result(self) -> dict[str, Any]:
        """Raises UserError when it printed no object."""
        try:
            found: dict[str, Any] = json.loads(self.printed.read_text(encoding="utf-8"))
        except ValueError:
            said = self.log.read_text(encoding="utf-8", errors="replace")[-800:]
            raise UserError(f"{self.promise.experiment} ended without a verdict: {said}") from None
        return found

    def kept(self, result: dict[str, Any]) -> bool:
        got = (result["verdict"], result["level"], self.process.returncode)
        promised = got == (self.promise.verdict.value, self.promise.level, self.promise.exit_code)
        return promised and self.verified(result)

    def verified(self, result: dict[str, Any]) -> bool:
        """Whether its evidence is authentic and leads to the same answer."""
        if result["evidence"] is None:
            return False
        code, _ = verify(Path(result["evidence"]), (), as_json=True)
        return code == self.process.returncode


def _committed(example: Path, into: Path) -> Path:
    """A fresh repository with the example's files: a rehearsal wants a commit."""
    shutil.copytree(example, into, ignore=shutil.ignore_patterns("results", "__pycache__", ".git", ".venv"))
    person = ("-c", "user.name=ada", "-c", "user.email=ada@users.noreply.localhost")
    for arguments in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        (*person, "commit", "--quiet", "--message", "The paper's code and claims"),
    ):
        done = subprocess.run(
            ["git", *arguments], cwd=into, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False
        )
        if done.returncode != 0:
            raise UserError(f"git {arguments[0]} failed in {into}: {done.stderr.strip()}")
    return into


@contextmanager
def _rehearsals(copy: Path, folder: Path, promises: tuple[Promise, ...]) -> Iterator[list[Rehearsal]]:
    """One process for each; all are ended when the ``with`` block is left."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("REPRISE_")}
    settings = {"REPRISE_STATE_DIR": str(folder / "state"), "REPRISE_CACHE_DIR": str(CACHE)}
    started: list[Rehearsal] = []
    try:
        for promise in promises:
            name = promise.experiment
            printed, log = folder / f"{name}.json", folder / f"{name}.log"
            with printed.open("wb") as out, log.open("wb") as errors, undisturbed():
                process = subprocess.Popen(
                    [sys.executable, "-m", "reprise", "run", "--json", "--experiment", name, str(copy)],
                    env={**inherited, **settings},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=errors,
                    start_new_session=True,
                )
                started.append(Rehearsal(promise, process, printed, log))
        yield started
    finally:
        for rehearsal in started:
            end(rehearsal.process)


def _follow(started: list[Rehearsal], screen: Screen) -> dict[Promise, dict[str, Any]]:
    deadline = time.monotonic() + _RUN_SECONDS
    ended: dict[Promise, dict[str, Any]] = {}
    while len(ended) < len(started):
        for each in started:
            if each.promise not in ended and each.process.poll() is not None:
                ended[each.promise] = result = each.result()
                screen.line(f"{each.promise.experiment}: {_outcome(result)}")
        if time.monotonic() > deadline:
            raise UserError(f"no verdict within {_RUN_SECONDS} s: see {started[0].log.parent}")
        time.sleep(0.1)
    return ended


def _answer(rehearsal: Rehearsal, result: dict[str, Any]) -> Answer:
    return Answer(
        experiment=rehearsal.promise.experiment,
        outcome=_outcome(result),
        exit_code=rehearsal.process.returncode,
        as_promised=rehearsal.kept(result),
        why=result["message"],
    )


def _outcome(result: dict[str, Any]) -> str:
    level = f", level {result['level']}" if result["level"] is not None else ""
    return f"{VERDICT_TEXT[Verdict(result['verdict'])]}{level}"


def _spec_names(example: Path) -> set[str]:
    return {file.stem for file in (example / ".reprise").glob("*.yaml")}
