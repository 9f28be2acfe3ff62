"""What the command line says to people who look around or mistype, and with which exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reprise import __version__
from reprise.cli import invoke
from reprise.domain.addresses import SPEC_PAGE
from reprise.domain.errors import UserError
from reprise.domain.spec.files import SpecFile
from reprise.domain.spec.model import BadSpec
from reprise.rehearsal import choose

COMMANDS = ("serve", "run", "check", "plan", "verify", "doctor", "init", "forge", "demo")
BROKEN = """\
from reprise import cli

@cli.app.command()
def broken() -> None:
    password = "hunter2-" + "in-a-local"
    raise ValueError("nobody expected this")

cli.main(["broken"])
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Usage: reprise {command}" in text
    assert max(map(len, text.splitlines())) <= 80
    for clutter in ("<str>", "<int", "list[", "Path", "..."):
        assert clutter not in text.replace("COMMAND [ARGS]...", "")


def test_the_list_of_commands_is_whole_and_no_sentence_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["--help"]) == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n  {command} " in text
    assert "..." not in text.replace("COMMAND [ARGS]...", "")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_no_command_shows_the_commands_and_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke([]) == 64
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("Usage: reprise")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--nope"], "no such option: --nope; `reprise --help` shows what there is"),
        (["nope"], "no such command 'nope'; `reprise --help` shows what there is"),
        (["run", "--jsn"], "no such option: --jsn"),
        (["run", "--experiment"], "option '--experiment' requires an argument"),
        (["run", "a", "b"], "got unexpected extra argument"),
        (["forge"], "missing argument 'folder'; `reprise forge --help` shows what there is"),
        (["forge", "x", "--port", "70000"], "invalid value for '--port': "),
        (
            ["serve", "--config", "/nonexistent.yaml"],
            "/nonexistent.yaml cannot be read (No such file",
        ),
        (["check", "--spec-only", "/nonexistent"], "/nonexistent does not exist"),
        (["check", "--spec-only", "/proc/self/mem"], "/proc/self/mem is no spec file: name one that ends in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_64_with_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(arguments) == 64
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"reprise: {sentence}")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("terminal", [False, True], ids=["file", "terminal"])
def test_a_bug_is_70_and_shows_no_values(terminal: bool) -> None:
    ours, theirs = os.openpty() if terminal else os.pipe()
    with open(ours, "rb", buffering=0) as shown:
        done = subprocess.run([sys.executable, "-c", BROKEN], stderr=theirs, timeout=60)
        os.close(theirs)
        text = _drained(shown.fileno())
    assert done.returncode == 70
    assert "ValueError" in text
    assert "nobody expected this" in text
    assert "reprise: ValueError: a bug in Reprise; the lines above say where" in text
    assert "hunter2" not in text


def _drained(handle: int) -> str:
    """Until the other side is closed, which a terminal tells by an error."""
    data = b""
    while True:
        try:
            piece = os.read(handle, 65536)
        except OSError:
            piece = b""
        if not piece:
            return data.decode()
        data += piece


# --- check ------------------------------------------------------------------------------------------

GOOD = "version: 1\nrun: {command: [python, train.py]}\n"
BAD = "version: 1\nrun: {comand: x}\n"


def test_a_good_spec_has_nothing_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reprise.yaml").write_text(GOOD)
    assert invoke(["check", "--spec-only", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "nothing wrong found\n"
    assert invoke(["check", "--spec-only", "--json", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": []}


def test_findings_name_file_line_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reprise.yaml").write_text(BAD)
    assert invoke(["check", "--spec-only", str(tmp_path)]) == 1
    assert "reprise.yaml:2:7: unknown key 'comand' in run" in capsys.readouterr().out
    assert invoke(["check", "--spec-only", "--json", str(tmp_path / "reprise.yaml")]) == 1
    problem = json.loads(capsys.readouterr().out)["problems"][1]
    assert {name: problem[name] for name in ("file", "line", "column")} == {
        "file": "reprise.yaml",
        "line": 2,
        "column": 7,
    }


def test_every_experiment_is_checked_and_two_of_one_name_are_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".reprise").mkdir()
    (tmp_path / "reprise.yaml").write_text(f"name: one\n{GOOD}")
    (tmp_path / ".reprise" / "one.yaml").write_text(GOOD)
    (tmp_path / ".reprise" / "two.yaml").write_text(BAD)
    assert invoke(["check", "--spec-only", str(tmp_path)]) == 1
    text = capsys.readouterr().out
    assert ".reprise/one.yaml:1:1: the name 'one' is that of reprise.yaml" in text
    assert ".reprise/two.yaml:2:7: unknown key 'comand'" in text


def test_a_spec_that_cannot_be_read_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reprise.yaml").symlink_to("/proc/self/mem")
    assert invoke(["check", "--spec-only", str(tmp_path / "reprise.yaml")]) == 64
    assert "reprise.yaml cannot be read: " in capsys.readouterr().err


def test_a_folder_without_a_spec_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["check", "--spec-only", str(tmp_path)]) == 64
    assert (
        f"has no reprise.yaml: `reprise init --adopt` writes one, {SPEC_PAGE} shows the smallest"
        in capsys.readouterr().err
    )


# --- which experiment -------------------------------------------------------------------------------

ROOT = SpecFile("reprise.yaml", "", BadSpec("paper", ()))
OTHER = SpecFile(".reprise/table-2.yaml", "", BadSpec("table-2", ()))


def test_the_root_experiment_is_meant_unless_another_is_named() -> None:
    assert choose([ROOT, OTHER], None, Path()) is ROOT
    assert choose([ROOT, OTHER], "table-2", Path()) is OTHER
    assert choose([ROOT, OTHER], "paper", Path()) is ROOT


@pytest.mark.parametrize(
    ("files", "experiment", "sentence"),
    [
        ([], None, "there is no reprise.yaml in the repository of x"),
        ([OTHER], None, "there is no reprise.yaml here; choose one with --experiment: table-2"),
        ([ROOT, OTHER], "nope", "there is no experiment 'nope' here; there is: paper, table-2"),
        ([], "nope", "there is no experiment 'nope' here; there is: none"),
    ],
)
def test_nothing_to_run_says_what_there_is(
    files: list[SpecFile], experiment: str | None, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        choose(files, experiment, Path("x"))
