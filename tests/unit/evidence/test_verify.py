"""``reprise verify``: what it prints, its exit codes, and that it needs nothing but the file."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.evidence import recorded, sealing
from tests.unit.evidence.asking import ask
from tests.unit.evidence.recorded import RECORD, files
from tests.unit.evidence.sealing import KEY, OTHER_KEY, package

from reprise.cli import invoke
from reprise.domain.rejudge import Record
from reprise.domain.run import Reason

ENDED = recorded.ended_early
SPEC_ONLY = {"declaration.yaml": recorded.SPEC}
FAILED = replace(RECORD, trials=(recorded.trial(0, 7, reason=Reason.COMMAND_FAILED),))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return _put(tmp_path / "reprise.pub", sealing.public(KEY))


@pytest.mark.parametrize(
    ("record", "given", "code", "headline"),
    [
        (RECORD, files(), 0, "wine: reproduced at level B"),
        (RECORD, files((90.0, 99.4), (90.0, 99.4), (90.0, 99.4)), 1, "wine: not reproduced"),
        (RECORD, files((90.0, 99.4), (90.1, 99.4), (90.0, 99.4)), 2, "wine: inconclusive"),
        (FAILED, SPEC_ONLY, 3, "wine: could not be run: the command failed"),
        (ENDED(), SPEC_ONLY, 3, "wine: could not be run: the project could not be built"),
        (ENDED(Reason.INFRASTRUCTURE, "a node was lost"), SPEC_ONLY, 4, "wine: no answer"),
        (ENDED(Reason.CANCELLED, "ada cancelled it"), SPEC_ONLY, 3, "wine: stopped: cancelled"),
    ],
)
def test_the_exit_code_is_that_of_the_verdict_that_follows(
    record: Record,
    given: dict[str, bytes],
    code: int,
    headline: str,
    tmp_path: Path,
    key: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if code == 2:  # the third execution is wanted only of a job that does not repeat itself
        more = recorded.trial(3, recorded.seed_of(2))
        record, given = replace(record, trials=(*record.trials, more)), {**given, **_third()}
    evidence = _put(tmp_path / "evidence.zip", package(record, given))
    assert invoke(["verify", str(evidence), "--key", str(key)]) == code
    shown = capsys.readouterr().out
    assert f"\nauthentic: {headline}" in shown
    assert "problem" not in shown


def test_whoever_gives_no_key_is_told_that_nobody_vouches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = _put(tmp_path / "evidence.zip", package(RECORD, files()))
    assert invoke(["verify", str(evidence)]) == 0
    shown = capsys.readouterr().out
    assert sealing.key_id(KEY) in shown
    assert "nobody you know vouches for it" in shown
    assert "\nintact, and signed by a key that you did not give: wine: reproduced" in shown


def test_evidence_of_somebody_else_is_not_authentic(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = _put(tmp_path / "evidence.zip", package(RECORD, files(), key=OTHER_KEY))
    assert invoke(["verify", str(evidence), "--key", str(key)]) == 65
    assert "NOT AUTHENTIC: it is signed by the key" in capsys.readouterr().out
    other = _put(tmp_path / "other.pub", sealing.public(OTHER_KEY))
    assert invoke(["verify", str(evidence), "--key", str(key), "--key", str(other)]) == 0


def test_a_changed_file_is_named_and_no_verdict_is_told(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = package(RECORD, files()).replace(b'"lda": 98.876', b'"lda": 98.911', 1)
    evidence = _put(tmp_path / "evidence.zip", data)
    assert invoke(["verify", str(evidence), "--key", str(key)]) == 65
    shown = capsys.readouterr().out
    assert "problem  files  runs/0-1/files/results/metrics.json was changed" in shown
    assert "reproduced" not in shown


def test_programs_get_one_object(tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evidence = _put(tmp_path / "evidence.zip", package(RECORD, files()))
    found = _object(evidence, key, capsys, code=0)
    assert (found["authentic"], found["exit_code"], found["verdict"], found["level"]) == (
        True,
        0,
        "reproduced",
        "B",
    )
    assert found["signature"] == {"by": "known", "keyid": sealing.key_id(KEY)}
    assert [claim["got"] for claim in found["claims"]] == [recorded.LDA, recorded.QDA]
    assert {check["answer"] for check in found["checks"]} == {"ok"}
    evidence.write_bytes(evidence.read_bytes()[:-1])
    found = _object(evidence, key, capsys, code=65)
    assert (found["authentic"], found["verdict"], found["claims"]) == (False, None, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.zip"], "missing.zip cannot be read: No such file or directory"),
        (["."], ". cannot be read: Is a directory"),
        (["evidence.zip", "--key", "missing.pub"], "missing.pub cannot be read"),
        (["evidence.zip", "--key", "evidence.zip"], "evidence.zip is not a public Ed25519 key in PEM"),
        ([], "missing argument"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    _put(tmp_path / "evidence.zip", package(RECORD, files()))
    assert invoke(["verify", *arguments]) == 64
    assert said in capsys.readouterr().err


def test_evidence_of_a_later_release_asks_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = sealing.contents(RECORD, files())
    made["run.json"] = sealing.as_json({**json.loads(made["run.json"]), "rules": 7})
    evidence = _put(tmp_path / "evidence.zip", sealing.seal(made))
    assert invoke(["verify", str(evidence)]) == 64
    assert "made by a newer Reprise (format 2, rules 7" in capsys.readouterr().err


@pytest.mark.real
def test_it_needs_no_state_no_home_and_no_setting(tmp_path: Path, key: Path) -> None:
    evidence = _put(tmp_path / "evidence.zip", package(RECORD, files()))
    home = tmp_path / "home"
    home.mkdir()
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(home), "REPRISE_STATE_DIR": str(home / "state")}
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "reprise", "verify", str(evidence), "--key", str(key)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=home,
        env={**surroundings, "REPRISE_NO_SUCH_SETTING": "1", "REPRISE_DATABASE_URL": "nonsense"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert time.perf_counter() - begun < 20  # 5 on a machine that does nothing else
    assert list(home.iterdir()) == []


def test_the_page_lists_every_question_in_its_order() -> None:
    page = (Path(__file__).parents[3] / "docs" / "verify.md").read_text(encoding="utf-8")
    asked = [each.name for each in ask(package(RECORD, files()), KEY).findings]
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == asked


def _third() -> dict[str, bytes]:
    return {"runs/3-1/files/results/metrics.json": b'{"lda": 90.0, "qda": 99.4}'}


def _object(evidence: Path, key: Path, capsys: pytest.CaptureFixture[str], *, code: int) -> dict[str, Any]:
    assert invoke(["verify", str(evidence), "--key", str(key), "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
