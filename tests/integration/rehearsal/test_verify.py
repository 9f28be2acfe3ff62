"""Evidence of real rehearsals is verified from elsewhere, and any changed byte of it is found."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.rehearsals import paper, reprise

from reprise.adapters.evidence.read_evidence import examine

pytestmark = pytest.mark.real

STOCHASTIC = """\
import json, random, sys
random.seed(int(sys.argv[2]))
with open("metrics.json", "w") as out:
    json.dump({"accuracy": 0.93 + random.uniform(-0.001, 0.001) - 0.5 * ("--shuffle" in sys.argv)}, out)
"""
SPEC = """\
version: 1
name: paper
run: {command: [python, train.py], seed: {arg: --seed}}
runs: {n: 5}
claims:
  - id: accuracy
    metric: {file: metrics.json, pointer: /accuracy}
    published: {value: "0.930", kind: mean, per_seed: published.json}
    compare: {mode: distribution, margin: "0.01"}
    control: {args: [--shuffle]}
"""
FAILS = "raise SystemExit('no')\n"


@pytest.mark.parametrize(
    ("train", "published", "files", "code"),
    [
        ("", "0.93", {}, 0),
        ("", "0.5", {}, 1),
        (FAILS, "0.93", {}, 3),
        ("", "0.93", {"reprise.yaml": "version: 1\nrun: {comand: x}\n"}, 3),
        (STOCHASTIC, "", {"reprise.yaml": SPEC, "published.json": "[0.9301, 0.9295, 0.9304]"}, 0),
    ],
    ids=["reproduced", "not reproduced", "failed", "spec invalid", "distribution"],
)
def test_the_verdict_of_a_rehearsal_follows_from_its_evidence(
    train: str, published: str, files: dict[str, str], code: int, tmp_path: Path
) -> None:
    given = {"train": train} if train else {}
    repository = paper(tmp_path / "paper", published=published, **given, **files)
    ended = reprise(tmp_path / "state", "run", "--json", repository)
    assert ended.code == code, ended.err
    evidence = tmp_path / "elsewhere.zip"
    evidence.write_bytes(Path(ended.result["evidence"]).read_bytes())

    found = reprise(tmp_path / "nothing", "verify", "--json", evidence)

    assert (found.code, found.result["authentic"]) == (code, True), found.out
    for key in ("verdict", "level", "reason", "message", "claims", "trials", "commit", "experiment"):
        assert found.result[key] == ended.result[key]
    assert not (tmp_path / "nothing").exists()


def test_every_byte_of_a_real_package_counts(tmp_path: Path) -> None:
    ended = reprise(tmp_path / "state", "run", "--json", paper(tmp_path / "paper"))
    whole = Path(ended.result["evidence"]).read_bytes()
    now = datetime.now(UTC)
    assert examine(memoryview(whole), (), now=now).authentic
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1 << (at % 8)
        assert not examine(memoryview(changed), (), now=now).authentic, at
