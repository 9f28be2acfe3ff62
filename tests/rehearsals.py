"""Commands as their users start them, as processes of their own, and tiny repositories to rehearse."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.repositories import make_repository

TRAIN = """\
import json, sys
print("training", flush=True)
with open("metrics.json", "w") as out:
    json.dump({"accuracy": 0.9312}, out)
"""
SPEC = """\
version: 1
name: paper
run: {{command: [python, train.py], seed: {{arg: --seed}}}}
claims:
  - id: accuracy
    metric: {{file: metrics.json, pointer: /accuracy}}
    published: {{value: "{published}"}}
"""
NO_PACKAGES = "# nothing beyond the standard library\n"


def paper(folder: Path, *, train: str = TRAIN, published: str = "0.93", **files: str) -> Path:
    """A repository whose job writes one metric; ``files`` replace or add some of its files."""
    written = {"reprise.yaml": SPEC.format(published=published), "train.py": train}
    make_repository(folder, {**written, "requirements.txt": NO_PACKAGES, **files})
    return folder


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """The one JSON object on stdout; anything beside it is an error."""
        return json.loads(self.out)


def environment(state: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}
    return {**own, "REPRISE_STATE_DIR": str(state), "COLUMNS": "100", **(extra or {})}


def start(
    state: Path, *arguments: str | Path, extra: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "reprise", *map(str, arguments)],
        env=environment(state, extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[str]", *, seconds: float = 120) -> Outcome:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"not done after {seconds} s:\n{err}\n{out}") from None
    return Outcome(process.returncode, out, err)


def reprise(state: Path, *arguments: str | Path, extra: Mapping[str, str] | None = None) -> Outcome:
    return finish(start(state, *arguments, extra=extra))


def processes_in(folder: Path) -> list[str]:
    """Command lines of living processes that have to do with a folder: by name, by setting, by place."""
    return [command for entry in Path("/proc").glob("[0-9]*") if (command := _touches(entry, folder))]


def _touches(process: Path, folder: Path) -> str | None:
    try:
        command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        variables = (process / "environ").read_bytes().decode(errors="replace")
        place = os.readlink(process / "cwd")
    except OSError:
        return None  # it ended, or never had any
    touches = str(folder) in command or str(folder) in variables or place.startswith(str(folder))
    return command if touches and command else None
