"""Secrets and markup of strangers in every text that evidence is made of."""

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.evidence.examples import BUILT, ENDINGS, GOOD, Execution, ended

from reprise.adapters.evidence.packing import contents
from reprise.domain.run import Reason
from reprise.ports import EvidenceRecord

CANARY = "ghp_CANARYCANARYCANARYCANARYCANARY0000"
HOSTILE = (
    f"<script>alert(1)</script> [x](http://evil.example) @everyone `code` {CANARY}\x1b[31m\u202e\n# Title"
)


def shown(files: dict[str, bytes]) -> dict[str, str]:
    """What people and programs read, unpacked."""
    texts = {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in files.items()}
    return {name: data.decode() for name, data in texts.items()}


@pytest.fixture
def record(tmp_path: Path) -> EvidenceRecord:
    """Everything that a stranger may write, written by one."""
    made = ended(
        tmp_path,
        Execution(lost=HOSTILE),
        replace(GOOD, attempt=2, log=f"token: {CANARY}\n"),
        replace(GOOD, probe=True),
    )
    (tmp_path / "0-2" / "environment.json").write_text(json.dumps({"run": {"API": CANARY}}))
    (tmp_path / "0-2" / "nvidia-smi.xml").write_text(f"<log>{CANARY}</log>")
    return replace(
        made,
        repository_url=f"https://user:{CANARY}@forge.example/ada/wine.git",
        who=HOSTILE,
        trigger=HOSTILE,
        machine=HOSTILE,
        isolation=HOSTILE,
        network=HOSTILE,
        report=f"### {CANARY}",
        built=replace(BUILT, weak=HOSTILE, packages={"numpy": CANARY}),
    )


def test_no_secret_is_packed_wherever_it_stood(record: EvidenceRecord) -> None:
    texts = shown(contents(record, None))

    assert [name for name, text in texts.items() if CANARY in text or "CANARYCANARY" in text] == []
    assert "[hidden]" in texts["runs/0-2/log.txt.gz"]
    assert json.loads(texts["runs/0-2/environment.json"]) == {"run": {"API": "[hidden]"}}


def test_no_markup_of_a_stranger_is_alive_in_what_people_read(record: EvidenceRecord) -> None:
    texts = shown(contents(record, None))

    for name in ("README.md", "forms/acm.md", "forms/neurips.md"):
        outside_code = re.sub("`[^`\n]*`", "", texts[name])
        assert "<script>" not in outside_code, name
        assert "[x](" not in outside_code, name
        assert "\n# Title" not in texts[name], name
        assert "\x1b" not in texts[name], name
        assert "\u202e" not in texts[name], name


def test_a_crate_of_a_hostile_run_is_still_one(record: EvidenceRecord) -> None:
    crate = json.loads(contents(record, None)["ro-crate-metadata.json"])
    identifiers = [entity["@id"] for entity in crate["@graph"]]

    assert len(identifiers) == len(set(identifiers))
    assert all(identifier.isascii() and " " not in identifier for identifier in identifiers)


def test_what_the_repository_commits_stays_as_it_is(tmp_path: Path) -> None:
    """It is judged by these bytes, and whoever reads the commit reads them too."""
    record = replace(ENDINGS["reproduced"](tmp_path), committed={"seeds.json": f'["{CANARY}"]'.encode()})

    assert CANARY in contents(record, None)["declaration/seeds.json"].decode()


def test_a_link_among_the_results_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.txt"
    secret.write_text("a secret of the controller")
    record = ended(tmp_path / "results", Execution(reason=Reason.COMMAND_FAILED))
    log = tmp_path / "results" / "0-1" / "log.txt"
    log.unlink()
    log.symlink_to(secret)

    assert "runs/0-1/log.txt.gz" not in contents(record, None)
