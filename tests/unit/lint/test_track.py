"""Rules about results: they are silent as soon as anything might write a file."""

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo

PRINTED = """\
from sklearn.metrics import accuracy_score
from data import load

truth, predicted = load()
print(accuracy_score(truth, predicted))
"""
HOSTED = """\
import wandb

wandb.init(project="wine")
wandb.log({"accuracy": 0.93})
"""


def test_a_metric_that_is_only_printed_is_found_where_it_is_computed() -> None:
    (finding,) = findings("RX40", repo({"train.py": PRINTED}, SMALLEST))
    assert (finding.file, finding.line) == ("train.py", 5)
    assert "accuracy_score" in finding.message


def test_metrics_that_only_a_service_has_are_found_where_they_are_logged() -> None:
    (finding,) = findings("RX40", repo({"train.py": HOSTED + "import torch\ntorch.save(1, 'model.pt')\n"}))
    assert finding.line == 4
    assert "Weights & Biases" in finding.message


@pytest.mark.parametrize(
    "writes",
    [
        "import json\njson.dump({}, handle)\n",
        "open('metrics.json', 'w')\n",
        "from pathlib import Path\nPath('m.json').write_text('{}')\n",
        "from pathlib import Path\nPath('m.json').open('w')\n",
        "open(name, mode)\n",
        "open(*arguments)\n",
        "import mlflow\nmlflow.log_metric('accuracy', 1)\n",
        "print(1, file=handle)\n",
        "frame.to_csv('results.csv')\n",
        "import numpy as np\nnp.savetxt('a.txt', [1])\n",
    ],
)
@pytest.mark.parametrize("code", [PRINTED, HOSTED])
def test_whatever_might_write_silences_it(code: str, writes: str) -> None:
    assert found("RX40", repo({"train.py": code, "report.py": writes}, SMALLEST)) == []


@pytest.mark.parametrize("other", ["run.sh", "Makefile", "analysis.ipynb"])
def test_other_code_than_python_might_write_too(other: str) -> None:
    assert found("RX40", repo({"train.py": PRINTED, other: ""}, SMALLEST)) == []


def test_reading_a_file_is_not_writing_one() -> None:
    reading = (
        "open('data.csv')\nopen('data.csv', 'rb')\nImage.open('wax.png')\npath.open()\nImage.open(path)\n"
    )
    assert found("RX40", repo({"train.py": PRINTED, "data.py": reading})) == [("train.py", 5)]


def test_code_without_metrics_is_no_business_of_it() -> None:
    assert found("RX40", repo({"tool.py": "print('hello')\n", "lib.py": "def f(): return 1\n"})) == []


NAMED = '{"commit": "0123abc", "seed": 0, "python": "3.11", "accuracy": 0.93}'


def test_committed_results_name_what_made_them() -> None:
    (finding,) = findings("RX41", repo({"results/metrics.json": '{"accuracy": 0.93, "seed": 1}'}))
    assert "the commit and the environment" in finding.message
    assert found("RX41", repo({"results/metrics.json": NAMED})) == []


def test_the_file_of_a_claim_counts_whatever_its_name() -> None:
    spec = SMALLEST + (
        'claims:\n  - {id: a, where: "Table 1", metric: {file: out/numbers.json, pointer: /a}, '
        'published: {value: "1"}}\n'
    )
    assert found("RX41", repo({"out/numbers.json": '{"a": 1}'}, spec)) == [("out/numbers.json", 1)]


@pytest.mark.parametrize("text", ["[0.93, 0.94]", "not json", "{}", "[" * 5000])
def test_what_is_no_object_of_results_is_left_alone(text: str) -> None:
    assert found("RX41", repo({"results/metrics.json": text})) == []
