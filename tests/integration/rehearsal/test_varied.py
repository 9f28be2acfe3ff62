"""``reprise run --vary`` changes one thing and nothing else."""

import json
from pathlib import Path

import pytest
from tests.rehearsals import paper, reprise

from reprise.store import rehearsed

pytestmark = pytest.mark.real

TRAIN = """\
import json, random, sys
seed = int(sys.argv[2])
json.dump({"accuracy": 0.93 + random.Random(seed).random() / 1000}, open("metrics.json", "w"))
"""
SPEC = """\
version: 1
name: paper
run: {command: [python, train.py], seed: {arg: --seed}}
runs: {n: 3}
claims:
  - id: accuracy
    metric: {file: metrics.json, pointer: /accuracy}
    published: {value: "0.930"}
    compare: {mode: distribution, margin: "0.1", side: both}
"""


def leave_one_of_another_backend(state: Path) -> None:
    """A newer one, which a rehearsal here is not compared with as long as it need not be."""
    [kept] = (state / "rehearsals").glob(f"*/{rehearsed.NAME}")
    newer = kept.parent.with_name("newer") / rehearsed.NAME
    newer.parent.mkdir()
    left = json.loads(kept.read_text())
    assert left["backend"] == "process"
    newer.write_text(json.dumps({**left, "backend": "docker", "run_id": "another"}))


def test_another_seed_changes_trial_0_and_no_other(tmp_path: Path) -> None:
    repository, state = paper(tmp_path / "paper", train=TRAIN, **{"reprise.yaml": SPEC}), tmp_path / "state"
    before = reprise(state, "run", "--json", repository).result
    leave_one_of_another_backend(state)
    now = reprise(state, "run", "--json", "--vary", "seed=7", repository).result
    seeds = [[trial["seed"] for trial in result["trials"]] for result in (before, now)]
    assert seeds[1] == [7, *seeds[0][1:]]
    assert len(set(seeds[1])) == 3
    assert now["varied"]["compared_with"].startswith(f"rehearsal {before['run_id']} of ")
