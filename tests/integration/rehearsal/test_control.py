"""Controls by real processes: one that is caught, one that changes nothing, one that breaks."""

from pathlib import Path

import pytest
from tests.rehearsals import paper, reprise

pytestmark = pytest.mark.real

TRAIN = """\
import argparse, json, sys
parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int)
parser.add_argument("--shuffle-labels", action="store_true")
parser.add_argument("--rename", default="")
given = parser.parse_args()
print("arguments", *sys.argv[1:], flush=True)
accuracy = 0.11 if given.shuffle_labels else 0.9312
with open("metrics.json", "w") as out:
    json.dump({"accuracy": accuracy, "recall": 0.5, "loss": 0.2}, out)
"""
SPEC = """\
version: 1
name: paper
run: {command: [python, train.py], seed: {arg: --seed, value: 7}}
reference: {hardware: {gpu: none}}
claims:
  - id: accuracy
    metric: {file: metrics.json, pointer: /accuracy}
    published: {value: "0.93"}
    control: {args: [--shuffle-labels]}
  - id: recall
    metric: {file: metrics.json, pointer: /recall}
    published: {value: "0.5"}
    compare: {mode: tolerance, tolerance: {abs: "0.1"}, why: "half the gap to the baseline"}
    control: {args: [--rename, "two words"]}
  - id: loss
    metric: {file: metrics.json, pointer: /loss}
    published: {value: "0.2"}
    control: {args: [--no-such-argument]}
"""


def test_only_a_control_that_misses_the_bar_is_caught(tmp_path: Path) -> None:
    repository = paper(tmp_path / "paper", train=TRAIN, **{"reprise.yaml": SPEC})

    ended = reprise(tmp_path / "state", "run", "--json", repository)

    found = ended.result
    assert (ended.code, found["verdict"], found["level"]) == (2, "inconclusive", None)
    assert [(claim["id"], claim["verdict"], claim["control"]) for claim in found["claims"]] == [
        ("accuracy", "reproduced", {"args": ["--shuffle-labels"], "outcome": "caught", "got": 0.11}),
        ("recall", "inconclusive", {"args": ["--rename", "two words"], "outcome": "reproduced", "got": 0.5}),
        ("loss", "reproduced", {"args": ["--no-such-argument"], "outcome": "failed", "got": None}),
    ]
    assert "its control --rename 'two words' reaches the bar as well (got 0.5)" in found["message"]
    assert [
        (trial["seed"], trial["probe"], trial["control"], trial["exit_code"]) for trial in found["trials"]
    ] == [
        (7, False, None, 0),
        (7, True, None, 0),
        (7, False, ["--shuffle-labels"], 0),
        (7, False, ["--rename", "two words"], 0),
        (7, False, ["--no-such-argument"], 2),
    ]
    assert found["claims"][1]["bar"]["why"] == "half the gap to the baseline"
    assert [(each["reached"], each["counted"]) for each in found["ledger"]] == [(False, True)]
    [log] = (tmp_path / "state").glob("rehearsals/*/runs/*/trials/3-1/log.txt")
    assert log.read_text().startswith("arguments --seed 7 --rename two words\n")
