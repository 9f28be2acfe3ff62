"""The one file that executes trials: the same bytes every time, run by any Python."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import get_args

from reprise.jobs import runner_file
from reprise.jobs.outcome import Facts
from reprise_runner import exit_codes
from reprise_runner.watch import Job

PAGE = (Path(__file__).parents[3] / "runner-image" / "README.md").read_text()
FROM_OUTSIDE = {"disk_exceeded", "idle"}
"""What a backend says of a job, and its runner never does."""

PRINT_DIGEST = """
import hashlib
from reprise.jobs import runner_file
print(hashlib.sha256(runner_file.packed()).hexdigest())
"""


def test_the_same_sources_make_the_same_bytes() -> None:
    """Hashes of strings, on which the order of sets depends, differ from process to process."""
    digests = {
        subprocess.run(
            (sys.executable, "-c", PRINT_DIGEST),
            env={"PATH": os.defpath, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_a_file_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    first = runner_file.ensure(tmp_path)
    before = first.stat()

    assert runner_file.ensure(tmp_path) == first
    assert first.stat() == before
    assert before.st_mode & 0o777 == 0o644
    assert sorted(path.name for path in first.parent.iterdir()) == [runner_file.NAME]


def test_it_holds_sources_beside_bytecode_and_no_program_of_the_controller(tmp_path: Path) -> None:
    names = zipfile.ZipFile(runner_file.ensure(tmp_path)).namelist()
    sources = [name for name in names if name.endswith(".py")]

    assert sorted(names) == sorted([*sources, *(f"{name}c" for name in sources)])
    assert {name.partition("/")[0] for name in names if "/" in name} == {"reprise_runner"}
    assert "pynvml.py" in names


def test_another_python_passes_the_bytecode_by(tmp_path: Path) -> None:
    """Bytecode with the number of another Python stands for that one's."""
    path = tmp_path / "runner.pyz"
    with zipfile.ZipFile(runner_file.ensure(tmp_path)) as ours, zipfile.ZipFile(path, "w") as other:
        for name in ours.namelist():
            content = ours.read(name)
            other.writestr(name, b"\x55\x0d\x0d\x0a" + content[4:] if name.endswith(".pyc") else content)

    done = subprocess.run((sys.executable, "-I", "-S", path, "machine"), capture_output=True, timeout=60)

    assert done.returncode == 0
    assert json.loads(done.stdout)["cpu"]["threads"] > 0


# --- the page -------------------------------------------------------------------------------------


def test_the_page_lists_exactly_the_exit_codes() -> None:
    ours = {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}

    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == ours


def test_the_page_names_every_key_of_a_job() -> None:
    keys = re.findall(r"`(\w+)`", PAGE.partition("key of `job.json`")[2].partition("SIGTERM stops")[0])

    assert set(keys) == set(Job._fields)


def test_every_outcome_of_the_runner_has_a_code_and_a_reason() -> None:
    """A backend adds outcomes of its own, which it sees from outside."""
    outcomes = set(get_args(Facts.model_fields["outcome"].annotation))
    assert outcomes - FROM_OUTSIDE == {"exited", "not_started", *exit_codes.BY_OUTCOME}
