"""RX30, RX31 and RX25: where random numbers come from, and whether that is written down."""

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo

from reprise.domain.lint.model import Severity
from reprise.domain.lint.rules import lint

EXACT = SMALLEST + (
    "claims:\n  - id: accuracy\n    metric: {file: m.json}\n    published: {value: '0.9'}\n"
    "    compare: {mode: exact}\n"
)
SEEDED = "version: 1\nrun:\n  command: [python, train.py]\n  seed: {arg: --seed}\n"


def lines(rule: str, code: str, spec: str = SMALLEST) -> list[int]:
    return [line for file, line in found(rule, repo({"train.py": code}, spec)) if file == "train.py"]


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nrng = np.random.default_rng()",
        "from numpy.random import default_rng\nrng = default_rng(None)",
        "import numpy as np\nrng = np.random.RandomState()",
        "import random\nrng = random.Random()",
        "import random\nrandom.seed()",
        "import random, time\nrandom.seed(time.time())",
        "import os, torch\ntorch.manual_seed(int(os.getpid()))",
        "from datetime import datetime\nseed = datetime.now().microsecond",
        "from sklearn.ensemble import RandomForestClassifier\nmodel = RandomForestClassifier(10)",
        "from sklearn import cluster\nmodel = cluster.KMeans(3, random_state=None)",
        "from sklearn.datasets import make_blobs\nx, y = make_blobs(100)",
        "import numpy as np\nx = np.random.rand(3)",
        "import random\nx = random.choice([1, 2])",
        "from random import shuffle\nshuffle([1])",
        "import torch\nx = torch.randn(3)",
    ],
)
def test_random_numbers_without_a_seed(code: str) -> None:
    assert lines("RX30", code) == [2]


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nrng = np.random.default_rng(0)",
        "import numpy as np\ndef f(seed):\n    return np.random.default_rng(seed)",
        "import numpy as np\nnp.random.seed(1)\nx = np.random.rand(3)",
        "import numpy as np\ndef f(**kw):\n    return np.random.default_rng(**kw)",
        "from sklearn.ensemble import RandomForestClassifier\nmodel = RandomForestClassifier(random_state=0)",
        "import numpy as np\nfrom sklearn.cluster import KMeans\nnp.random.seed(0)\nKMeans(3)",
        "from sklearn.ensemble import RandomForestClassifier\nmodel = RandomForestClassifier(**options)",
        "from transformers import set_seed\nimport torch\nset_seed(1)\ntorch.randn(2)",
        "random = make()\nrandom.choice([1])",
        "import torch\ng = torch.Generator().manual_seed(0)\nx = torch.randn(3, generator=g)",
        "import torch\nnet = torch.nn.Linear(3, 1)\nnet.load_state_dict(torch.load('a.pt'))",
        "import time\nstart = time.time()",
        "import random\nrng = random.Random()\nrng.seed(configured)",
        "def f(random_state=None):\n    pass",
        '"""import numpy as np; np.random.rand(3)"""',
    ],
)
def test_random_numbers_with_a_seed_or_none_at_all(code: str) -> None:
    assert lines("RX30", code) == []


def test_a_draw_that_is_ignored_with_a_reason_hides_no_later_one() -> None:
    code = (
        "import random\nrandom.random()  # reprise: ignore RX30 - a name\nrandom.random()\nrandom.random()\n"
    )
    every = lint(repo({"train.py": code}, SMALLEST))

    assert lines("RX30", code) == [3]
    assert [(each.line, each.ignored) for each in every if each.rule.id == "RX30"] == [
        (2, "a name"),
        (3, None),
    ]


def test_the_first_draw_of_each_file_is_enough() -> None:
    files = {
        "train.py": "import random, helpers\nrandom.random()\nrandom.random()\n",
        "helpers.py": "import random\nrandom.random()\n",
    }
    assert found("RX30", repo(files, SMALLEST)) == [("helpers.py", 2), ("train.py", 2)]


def test_a_seed_that_was_read_from_the_clock_before() -> None:
    code = "import time\nimport torch\nnow = int(time.time())\ntorch.manual_seed(now)\n"
    assert lines("RX30", code) == [4]
    assert lines("RX30", code.replace("(now)", "(3)")) == []
    assert lines("RX30", "now = 3\n" + code) == []


def test_first_weights_of_a_network_that_is_trained() -> None:
    code = "import torch\nnet = torch.nn.Linear(3, 1)\nloss(net).backward()\n"
    assert lines("RX30", code) == [2]
    assert lines("RX30", "import torch\ntorch.manual_seed(0)\n" + code) == []
    keras = "from tensorflow import keras\nkeras.layers.Input(3)\nkeras.layers.Dense(1)\nmodel.fit(x, y)\n"
    assert lines("RX30", keras) == [3]
    assert lines("RX30", "import keras\nkeras.utils.set_random_seed(1)\n" + keras) == []
    own = "import torch\ntorch.Generator().manual_seed(0)\n"
    assert lines("RX30", own + code) == [4]


def test_a_seed_that_another_module_of_the_job_sets_counts() -> None:
    files = {
        "train.py": "import helpers, numpy\nhelpers.fix_seed(3)\nnumpy.random.rand(3)\n",
        "helpers.py": "import numpy\ndef fix_seed(n):\n    numpy.random.seed(n)\n",
    }
    assert found("RX30", repo(files, SMALLEST)) == []


def test_it_is_an_error_only_where_a_claim_is_exact() -> None:
    files = {"train.py": "import numpy\nnumpy.random.rand(3)\n"}
    assert [each.severity for each in findings("RX30", repo(files, EXACT))] == [Severity.ERROR]
    assert [each.severity for each in findings("RX30", repo(files, SMALLEST))] == [Severity.WARNING]


def test_tests_and_unreached_files_may_draw_as_they_like() -> None:
    code = "import numpy\nnumpy.random.rand(3)\n"
    assert found("RX30", repo({"train.py": "", "tests/test_a.py": code, "figure.py": code}, SMALLEST)) == []


def test_a_configuration_that_leaves_the_seed_open() -> None:
    files = {"train.py": "import hydra\n", "configs/train.yaml": "task: a\n# any number\nseed: null\n"}
    assert found("RX30", repo(files)) == [("configs/train.yaml", 3)]
    assert found("RX30", repo(files, SMALLEST.replace("train.py]", "train.py, seed=1]"))) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("configs/train.yaml", "seed: 3\n"),
        ("configs/train.yaml", "seed:\n  data: 1\n"),
        ("tests/configs/train.yaml", "seed: null\n"),
        ("data/train.yaml", "seed: null\n"),
    ],
)
def test_other_configurations(path: str, text: str) -> None:
    assert found("RX30", repo({"train.py": "", path: text})) == []


def test_a_seed_that_the_script_would_refuse() -> None:
    parser = "import argparse\np = argparse.ArgumentParser()\np.add_argument('{}')\na = p.parse_args()\n"
    place = repo({"train.py": parser.format("--rate")}, SEEDED)
    assert found("RX30", place) == [("reprise.yaml", 4)]
    assert found("RX30", repo({"train.py": parser.format("--seed")}, SEEDED)) == []
    common = parser.format("--rate").replace("a = p", "add_common(p)\na = p")
    assert found("RX30", repo({"train.py": common}, SEEDED)) == []
    assert found("RX30", repo({"train.py": "import sys\nseed = int(sys.argv[-1])\n"}, SEEDED)) == []


@pytest.mark.parametrize(
    "code",
    [
        "from torch.utils.data import DataLoader\nDataLoader(data, shuffle=True, num_workers=4)",
        "import os\nimport torch\nN = 8\ntorch.utils.data.DataLoader(data, shuffle=True, num_workers=N)",
        "import os, torch\ntorch.utils.data.DataLoader(data, shuffle=True, num_workers=os.cpu_count())",
        "import torch\ntorch.backends.cudnn.benchmark = True",
        "import torch.backends.cudnn as cudnn\ncudnn.benchmark = True",
        "from lightning import Trainer\nTrainer(benchmark=True)",
    ],
)
def test_what_depends_on_the_machine_although_it_is_seeded(code: str) -> None:
    assert lines("RX31", code) == [len(code.splitlines())]


@pytest.mark.parametrize(
    "code",
    [
        "from torch.utils.data import DataLoader\nDataLoader(a, shuffle=True, num_workers=0)\nDataLoader(a)",
        "from torch.utils.data import DataLoader\nDataLoader(test, num_workers=4)",
        "from torch.utils.data import DataLoader\nDataLoader(data, shuffle=True, num_workers=4, generator=g)",
        "from torch.utils.data import DataLoader\nDataLoader(a, None, True, num_workers=4, worker_init_fn=f)",
        "from torch.utils.data import DataLoader\nDataLoader(data, shuffle=True, num_workers=args.workers)",
        "from torch.utils.data import DataLoader\nDataLoader(data, shuffle=True, num_workers=4, **options)",
        "import lightning as L\nfrom torch.utils.data import DataLoader\n"
        "L.seed_everything(1, workers=True)\nDataLoader(data, shuffle=True, num_workers=4)",
        "import torch\ntorch.backends.cudnn.benchmark = False",
        "from mylib import DataLoader\nDataLoader(data, shuffle=True, num_workers=4)",
    ],
)
def test_loaders_that_are_seeded_or_alone(code: str) -> None:
    assert lines("RX31", code) == []


@pytest.mark.parametrize(
    "code",
    [
        "from sklearn.model_selection import train_test_split\na, b = train_test_split(x, test_size=0.2)",
        "from sklearn import model_selection as m\nm.KFold(5, shuffle=True)",
        "from sklearn import model_selection as m\nm.ShuffleSplit(5, random_state=None)",
        "from torch.utils.data import random_split\nrandom_split(data, [8, 2])",
        "from datasets import Dataset\nDataset.from_csv('a.csv').train_test_split(0.2)",
    ],
)
def test_splits_that_are_drawn_anew(code: str) -> None:
    assert lines("RX25", code) == [2]


@pytest.mark.parametrize(
    "code",
    [
        "from sklearn.model_selection import train_test_split\ntrain_test_split(x, random_state=0)",
        "from sklearn.model_selection import train_test_split\ntrain_test_split(x, random_state=args.seed)",
        "from sklearn.model_selection import train_test_split\ntrain_test_split(x, shuffle=False)",
        "from sklearn.model_selection import train_test_split\ntrain_test_split(x, **options)",
        "from sklearn import model_selection as m\nm.KFold(5)\nm.LeaveOneOut()",
        "import numpy\nfrom sklearn.model_selection import train_test_split\n"
        "numpy.random.seed(0)\ntrain_test_split(x)",
        "import torch\ntorch.manual_seed(1)\ntorch.utils.data.random_split(data, [8, 2])",
        "import torch\ntorch.utils.data.random_split(data, [8, 2], g)",
        "from mine import train_test_split\ntrain_test_split(x)",
        "from datasets import load_dataset\nload_dataset('csv').train_test_split(seed=1)",
    ],
)
def test_splits_that_are_fixed(code: str) -> None:
    assert lines("RX25", code) == []


def test_a_place_of_several_experiments_is_told_once_at_its_worst() -> None:
    second = EXACT.replace("version: 1\n", "version: 1\nname: second\n")
    files = {"train.py": "import numpy\nnumpy.random.rand(3)\n", ".reprise/second.yaml": second}
    assert [each.severity for each in findings("RX30", repo(files, SMALLEST))] == [Severity.ERROR]
