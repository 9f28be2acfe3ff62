"""``reprise check`` as its user meets it."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.linting.folders import SPEC, folder, repository

from reprise.cli import invoke
from reprise.domain.addresses import ADDRESS

FILES = {"reprise.yaml": SPEC, "train.py": "print(1)\n"}
BAD = FILES | {"reprise.yaml": "version: 1\nrun: {command: x, cwd: y}\n"}
PROBLEM = "unknown key 'cwd' in run"


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = invoke(["check", *arguments])
    return code, capsys.readouterr().out


def test_the_spec_comes_first_and_the_rest_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository(tmp_path, BAD)
    code, text = check(capsys, str(tmp_path))

    assert code == 1
    assert text.startswith(f"reprise.yaml:2:19: {PROBLEM}")
    assert "\x1b" not in text


def test_a_repository_without_a_spec_is_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(tmp_path, {"train.py": "print(1)\n"})
    code, text = check(capsys, str(tmp_path))

    assert code == 1
    assert text.startswith("reprise.yaml:1:1: no reprise.yaml: `reprise init --adopt` writes one, ")


def test_every_form_tells_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository(tmp_path, BAD)
    _, found = check(capsys, "--json", str(tmp_path))
    _, same = check(capsys, "--format", "json", str(tmp_path))
    _, sarif = check(capsys, "--format", "sarif", str(tmp_path))
    _, github = check(capsys, "--format", "github", str(tmp_path))

    told = json.loads(found)
    assert found == same
    assert told["problems"][0]["message"].startswith(PROBLEM)
    number = len(told["problems"]) + len(told["findings"])
    assert len(json.loads(sarif)["runs"][0]["results"]) == number == len(github.splitlines())
    assert f"::error file=reprise.yaml,line=2,col=19,title=spec::{PROBLEM}" in github


BENCHMARK = "import torch\n\ntorch.backends.cudnn.benchmark = True\n"


def test_findings_are_told_with_place_fix_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository(tmp_path, FILES | {"train.py": BENCHMARK})
    code, text = check(capsys, str(tmp_path))

    assert code == 1
    (told,) = re.findall(r"^train\.py\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert re.search(
        r"3  warning  RX31  cudnn\.benchmark .*\n +fix  .* \(--fix does it\)\n +see  https://\S+/docs/rules/RX31\.md",
        told,
    )


def test_a_program_is_given_the_address_of_the_page_and_a_fix_that_begins_as_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository(tmp_path, FILES | {"train.py": BENCHMARK})
    _, text = check(capsys, "--json", str(tmp_path))
    found = json.loads(text)["findings"]

    assert all(each["see"] == f"{ADDRESS}/docs/rules/{each['rule']}.md" for each in found)
    assert [each["fix"] for each in found if each["rule"] == "RX31"] == [
        "Write `torch.backends.cudnn.benchmark = False`"
    ]


def test_a_folder_inside_a_repository_is_told_where_its_spec_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path, FILES | {"paper/plot.py": "print(1)\n"})
    monkeypatch.chdir(root / "paper")
    _, text = check(capsys, ".")

    assert text.startswith("reprise.yaml:1:1: no reprise.yaml in this folder: it is in .., the root")
    monkeypatch.chdir(root)
    assert invoke(["plan", "paper"]) == 64
    assert "paper has no reprise.yaml in this folder: it is in ., the root" in capsys.readouterr().err


def test_fix_mends_what_is_certain_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository(tmp_path, FILES | {"train.py": BENCHMARK})
    _, text = check(capsys, "--fix", str(tmp_path))

    assert text.startswith("mended train.py:3 RX31 ")
    assert (tmp_path / "train.py").read_text() == BENCHMARK.replace("True", "False")
    _, after = check(capsys, str(tmp_path))
    assert "RX31" not in after


@pytest.mark.parametrize("form", ["sarif", "github"])
def test_the_specs_alone_are_told_in_every_form(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository(tmp_path, BAD)
    code, text = check(capsys, "--spec-only", "--format", form, str(tmp_path))

    assert code == 1
    assert PROBLEM in text


def test_a_baseline_is_written_and_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = repository(tmp_path / "root", FILES)
    file = str(tmp_path / "known.json")
    code, said = check(capsys, "--write-baseline", "--baseline", file, str(root))
    assert (code, "which count no more" in said) == (0, True)

    code, text = check(capsys, "--baseline", file, str(root))
    assert (code, text.startswith("nothing wrong found")) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--write-baseline"], "--write-baseline needs --baseline FILE: the file to write"),
        (["--baseline", "nope.json"], "nope.json cannot be read: No such file or directory; write one with"),
        (["--format", "html"], "invalid value for '--format': 'html' is not one of 'text', "),
        (["/nonexistent"], "/nonexistent does not exist"),
    ],
)
def test_wrong_usage_is_64(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(repository(tmp_path, FILES))

    assert invoke(["check", *arguments]) == 64
    assert capsys.readouterr().err.startswith(f"reprise: {sentence}")


def test_a_terminal_gets_colours(tmp_path: Path) -> None:
    repository(tmp_path, FILES)
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "reprise", "check", str(tmp_path)],
        stdout=theirs,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "60"},
        timeout=60,
    )
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)

    assert done.returncode in (0, 1)
    assert "\x1b[" in shown
