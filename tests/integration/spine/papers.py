"""Tiny research repositories: a spec, an empty lock and a ``train.py``."""

import os
from pathlib import Path

from tests import packages

SPEC = """\
version: 1
name: tiny
run: {command: [python, train.py], timeout: 1m}
determinism: {self_repeat: false}
claims:
  - id: accuracy
    metric: {file: results/metrics.json, pointer: /accuracy}
    published: {value: "0.97"}
"""

PROBED = SPEC.replace("self_repeat: false", "self_repeat: true")

WRITE = """\
import json, os
os.makedirs("results", exist_ok=True)
with open("results/metrics.json", "w") as file:
    json.dump({"accuracy": VALUE}, file)
"""

PATIENT = """\
import os, sys, time
outside = sys.argv[1]
with open(os.path.join(outside, "executions"), "a") as file:
    file.write(f"{os.getpid()}\\n")
print("waiting", flush=True)
while not os.path.exists(os.path.join(outside, "go")):
    time.sleep(0.02)
"""

USE_PACKAGE = """\
import json, os
import paper, tinyone
assert tinyone.VERSION == "1.0"
os.makedirs("results")
with open("results/metrics.json", "w") as file:
    json.dump({"accuracy": paper.ACCURACY}, file)
"""


def paper(train: str = WRITE.replace("VALUE", "0.97"), spec: str = SPEC) -> dict[str, str | bytes]:
    return {"reprise.yaml": spec, "requirements.txt": "", "train.py": train}


def tiny(what: str) -> dict[str, str | bytes]:
    """One that is reproduced, unlike the others in ``what`` so that it is another commit."""
    return paper() | {"README.md": what}


def writes(value: str) -> str:
    """A job that writes this JSON value, or Python expression, as its accuracy."""
    return WRITE.replace("VALUE", value)


def package(folder: Path, accuracy: str, *, build: str = "") -> dict[str, str | bytes]:
    """A buildable project in src layout whose code holds this number; every one has the same lock."""
    backend = packages.BACKEND.replace('"paper.py"', '"src/paper.py", "paper.py"')
    files = {"backend.py": backend.replace("    wheel =", f"{build}\n    wheel =", 1)}
    packages.uv_project(folder, package=True, files=files)
    (folder / "paper.py").unlink()
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return found | {
        "src/paper.py": f"ACCURACY = {accuracy}\n",
        "reprise.yaml": PROBED,
        "train.py": USE_PACKAGE,
    }


class Outside:
    """A folder that a job is told on its command line: it counts its executions there and waits.

    Jobs see it because the controllers of these tests share ``outside`` beside their own folder.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        folder.chmod(0o777)  # a job is another user than the tests
        (folder / "executions").touch()
        (folder / "executions").chmod(0o666)
        self._folder = folder
        self._seen: list[int] = []

    def paper(self, *, probe: bool = True) -> dict[str, str | bytes]:
        command = f"[python, train.py, {self._folder}]"
        spec = (PROBED if probe else SPEC).replace("[python, train.py]", command)
        return paper(PATIENT + writes("0.97"), spec)

    def executions(self) -> list[int]:
        """The pid of every execution so far; 0 for one that had ended before it was looked at."""
        own = (self._folder / "executions").read_text().split()
        self._seen += [self._pid(int(pid)) for pid in own[len(self._seen) :]]
        return self._seen

    def _pid(self, own: int) -> int:
        """Outside, of the job that calls itself this inside its namespace."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                status = (entry / "status").read_text()
            except OSError:
                continue
            namespaces = next(line for line in status.splitlines() if line.startswith("NSpid:"))
            if os.fsencode(self._folder) in command and int(namespaces.split()[-1]) == own:
                return int(entry.name)
        return 0

    def go(self) -> None:
        """Let every execution end, now and later."""
        (self._folder / "go").touch()
