"""``reprise run`` on repositories with data elsewhere: from the declaration to evidence that verifies."""

import hashlib
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.data_server import Content, serving
from tests.rehearsals import SPEC, Outcome, finish, paper, reprise, start

pytestmark = pytest.mark.real

CANARY = "c4n4ry-of-the-data-0123456789"
DATA = b"a,b\n1,2\n"
SHA = hashlib.sha256(DATA).hexdigest()
OTHER = DATA[::-1]
TRAIN = """\
import json, os, pathlib
print(dict(os.environ))
place = pathlib.Path("data/x.csv")
right = place.read_bytes() == b"a,b\\n1,2\\n" and place.stat().st_mode & 0o777 == 0o444
json.dump({"accuracy": 0.93 if right else 0.0}, open("metrics.json", "w"))
"""
SPOILING = TRAIN + 'place.chmod(0o644)\nplace.write_text("changed")\n'


@dataclass(frozen=True)
class Rehearsed:
    state: Path
    pinned: Outcome
    """One file is open; the other needs a secret."""
    loose: Outcome
    spoiling: Outcome
    """Its job changes its input once it has read it."""


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    folder = tmp_path_factory.mktemp("data")
    with serving() as server:
        server.routes |= {
            "/x.csv": Content(DATA, cuts=[3]),
            "/lent.csv": Content(OTHER, wants=f"Bearer {CANARY}"),
        }
        one = f'{{path: data/x.csv, source: "{server.url}/x.csv"'
        lent = f'{{path: y.csv, source: "{server.url}/lent.csv", auth: HUB'
        digests = f'sha256: "{SHA}"}}', f'sha256: "{hashlib.sha256(OTHER).hexdigest()}"}}'
        spec = SPEC.format(published="0.93")
        pinned = f"{spec}data: [{one}, {digests[0]}, {lent}, {digests[1]}]\n"
        paper(folder / "pinned", train=TRAIN, **{"reprise.yaml": pinned})
        paper(folder / "loose", train=TRAIN, **{"reprise.yaml": f"{spec}data: [{one}}}]\n"})
        spoiling = {"reprise.yaml": f"{spec}data: [{one}, {digests[0]}]\n"}
        paper(folder / "spoiling", train=SPOILING, **spoiling)
        extra = {
            "REPRISE_DATA__NETWORKS": '["127.0.0.1"]',
            "REPRISE_DATA__SECRETS": json.dumps({"local/pinned": {"HUB": CANARY}}),
        }
        state = folder / "state"
        names = ("pinned", "loose", "spoiling")
        begun = [start(state, "run", folder / name, "--json", extra=extra) for name in names]
        yield Rehearsed(state, *map(finish, begun))


def test_pinned_data_give_the_verdict_that_committed_ones_would(rehearsed: Rehearsed) -> None:
    result = rehearsed.pinned.result
    assert (rehearsed.pinned.code, result["verdict"], result["level"]) == (0, "reproduced", "B")


def test_loose_data_cannot_reach_level_b(rehearsed: Rehearsed) -> None:
    result = rehearsed.loose.result
    assert (rehearsed.loose.code, result["verdict"], result["level"]) == (2, "inconclusive", None)
    assert "not pinned" in result["message"]


def test_a_job_that_changes_its_data_has_failed_and_the_cache_keeps_the_right_ones(
    rehearsed: Rehearsed,
) -> None:
    result = rehearsed.spoiling.result
    assert (rehearsed.spoiling.code, result["verdict"], result["reason"]) == (3, "not_run", "data_mismatch")
    assert result["message"] == "the job changed its input `data/x.csv`: write to another file"
    assert {trial["exit_code"] for trial in result["trials"]} == {0}
    verified = reprise(rehearsed.state, "verify", result["evidence"], "--json")
    assert verified.code == 3, verified.err
    (kept,) = (each for each in (rehearsed.state / "cache" / "data").rglob(SHA) if each.is_file())
    assert kept.read_bytes() == DATA
    assert stat.S_IMODE(kept.stat().st_mode) == 0o444


def test_evidence_tells_what_was_fetched_and_verifies(rehearsed: Rehearsed) -> None:
    for outcome, pinned in ((rehearsed.pinned, True), (rehearsed.loose, False)):
        evidence = outcome.result["evidence"]
        verified = reprise(rehearsed.state, "verify", evidence, "--json")
        assert verified.code == outcome.code, verified.err
        with zipfile.ZipFile(evidence) as package:
            record = json.loads(package.read("run.json"))
            manifest = package.read("data-manifest.txt").decode()
        first = record["fetched"][0]
        assert (first["path"], first["sha256"], first["size"]) == ("data/x.csv", SHA, len(DATA))
        assert first["pinned"] is pinned
        assert f"{SHA}  {len(DATA)}  data/x.csv\thttp://127.0.0.1:" in manifest


def test_no_secret_of_data_is_left_anywhere(rehearsed: Rehearsed) -> None:
    for outcome in (rehearsed.pinned, rehearsed.loose):
        assert CANARY not in outcome.out + outcome.err
    looked_at = [Path(folder) / name for folder, _, names in os.walk(rehearsed.state) for name in names]
    assert any(path.name == "log.txt" for path in looked_at)
    holding = [path for path in looked_at if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert holding == []
