"""Imports against locks: what surely fails, what may fail, and what says nothing."""

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo

from reprise.domain.lint.distributions import OTHER_NAME, SAME_NAME, STANDARD
from reprise.domain.lint.model import Severity
from reprise.domain.lint.repo import Entry, Kind
from reprise.domain.requirement_lines import normalised

HASH = "--hash=sha256:" + "a" * 64


def locked(*names: str) -> str:
    return "".join(f"{name}==1.0 {HASH}\n" for name in names)


def missed(train: str, *names: str, more: dict[str, str] | None = None) -> list[tuple[str, int]]:
    return found(
        "RX13", repo({"train.py": train, "requirements.txt": locked(*names), **(more or {})}, SMALLEST)
    )


def test_a_well_known_module_that_is_not_locked_is_an_error() -> None:
    files = {"train.py": "import json\nimport sklearn.svm\n", "requirements.txt": locked("numpy")}
    [finding] = findings("RX13", repo(files, SMALLEST))
    assert (finding.file, finding.line, finding.severity) == ("train.py", 2, Severity.ERROR)
    assert "scikit-learn" in finding.message


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("sklearn", "scikit-learn"),
        ("PIL", "Pillow"),
        ("cv2", "opencv-python-headless"),
        ("yaml", "PyYAML"),
        ("pytorch_lightning", "pytorch_lightning"),
        ("numpy", "numpy"),
        ("dateutil", "python-dateutil"),
        ("mpl_toolkits.mplot3d", "matplotlib"),
    ],
)
def test_modules_are_found_under_the_names_of_their_distributions(module: str, distribution: str) -> None:
    assert missed(f"import {module}\n", distribution) == []
    assert missed(f"import {module}\n", "six") == [("train.py", 1)]


@pytest.mark.parametrize(
    "train",
    [
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n",
        "try:\n    import torch\nexcept (OSError, ModuleNotFoundError):\n    torch = None\n",
        "try:\n    import torch\nexcept:\n    torch = None\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
        "from contextlib import suppress\nwith suppress(ImportError):\n    import torch\n",
        "import importlib.util\nif importlib.util.find_spec('torch'):\n    import torch\n",
        "import _hidden, google.protobuf, distutils\n",
        "from . import sibling\nfrom .torch import x\n",
        "text = 'import torch'\n",
    ],
)
def test_what_the_program_can_do_without_is_not_missed(train: str) -> None:
    assert missed(train, "numpy") == []


def test_an_optional_import_does_not_hide_a_needed_one() -> None:
    train = "try:\n    import torch\nexcept ImportError:\n    pass\nimport torch\n"
    assert missed(train, "numpy") == [("train.py", 5)]


def test_the_code_of_the_repository_is_its_own() -> None:
    more = {"torch/__init__.py": "", "src/models/net.py": "", "tools.py": "", "fast.pyx": ""}
    assert missed("import torch, models.net, tools, fast\n", "numpy", more=more) == []


def test_a_submodule_may_be_anything_of_its_name() -> None:
    files = {"train.py": "import torch\n", "requirements.txt": locked("numpy")}
    module = Entry("libs/torch", 0, Kind.SUBMODULE)
    assert found("RX13", repo(files, SMALLEST, others=[module])) == []


def test_only_what_the_command_reaches_is_looked_at() -> None:
    more = {
        "models/net.py": "from . import blocks\n",
        "models/blocks.py": "import pandas\n",
        "plots.py": "import seaborn\n",
        "tests/test_net.py": "import pytest\n",
        "setup.py": "import torch\n",
    }
    assert missed("from models.net import Net\n", "numpy", more=more) == [("models/blocks.py", 1)]


def test_without_a_known_command_it_is_a_warning() -> None:
    files = {"a.py": "import torch\n", "tests/b.py": "import pandas\n", "requirements.txt": locked("numpy")}
    shell = "version: 1\nrun:\n  command: [bash, all.sh]\n"
    for spec in (shell, None):
        [finding] = findings("RX13", repo(files, spec))
        assert (finding.file, finding.severity) == ("a.py", Severity.WARNING)


def test_a_project_inside_has_a_lock_of_its_own() -> None:
    files = {
        "more/pyproject.toml": "",
        "more/src/a.py": "import torch\n",
        "requirements.txt": locked("numpy"),
    }
    assert found("RX13", repo(files)) == []


def test_an_import_in_a_function_is_a_warning() -> None:
    files = {"train.py": "def plot():\n    import seaborn\n", "requirements.txt": locked("numpy")}
    [finding] = findings("RX13", repo(files, SMALLEST))
    assert (finding.line, finding.severity) == (2, Severity.WARNING)


def test_a_module_that_nobody_knows_is_a_warning_unless_something_may_bring_it() -> None:
    files = {"train.py": "import obscure_thing\n", "requirements.txt": locked("numpy")}
    [finding] = findings("RX13", repo(files, SMALLEST))
    assert finding.severity is Severity.WARNING
    assert missed("import obscure_thing\n", "python-obscure-thing") == []
    assert missed("import obscure_thing\n", "obscure") == []


def test_another_build_of_a_distribution_may_bring_its_module() -> None:
    files = {"train.py": "import tensorflow\n", "requirements.txt": locked("tensorflow-macos")}
    [finding] = findings("RX13", repo(files, SMALLEST))
    assert finding.severity is Severity.WARNING


def test_a_list_of_direct_dependencies_is_not_taken_for_all_of_them() -> None:
    files = {"train.py": "import numpy\n", "requirements.txt": "scikit-learn==1.9.0\n"}
    [finding] = findings("RX13", repo(files, SMALLEST))
    assert finding.severity is Severity.WARNING
    compiled = {**files, "requirements.txt": "scikit-learn==1.9.0\n    # via -r requirements.in\n"}
    [finding] = findings("RX13", repo(compiled, SMALLEST))
    assert finding.severity is Severity.ERROR


def test_uv_lock_is_read_too() -> None:
    block = (
        '[[package]]\nname = "scikit-learn"\nversion = "1.9"\nsource = { registry = "https://i.example" }\n'
    )
    files = {"train.py": "import sklearn\nimport torch\n", "uv.lock": block}
    assert found("RX13", repo(files, SMALLEST)) == [("train.py", 2)]


@pytest.mark.parametrize("lock", ["pixi.lock", "conda-lock.yml", "Dockerfile"])
def test_other_locks_say_nothing_of_modules(lock: str) -> None:
    assert found("RX13", repo({"train.py": "import torch\n", lock: ""}, SMALLEST)) == []


def test_a_module_that_the_command_names_is_the_entry() -> None:
    spec = "version: 1\nrun:\n  command: [python, -m, paper.train]\n"
    files = {"src/paper/train.py": "import torch\n", "other.py": "import pandas\n"}
    for path in ("src/paper/train.py", "paper/train.py"):
        moved = {path: "import torch\n", "other.py": files["other.py"], "requirements.txt": locked("six")}
        [finding] = findings("RX13", repo(moved, spec))
        assert (finding.file, finding.severity) == (path, Severity.ERROR)


def test_the_table_is_normalised_and_not_of_the_standard_library() -> None:
    names = {name for names in OTHER_NAME.values() for name in names} | SAME_NAME
    assert all(normalised(name) == name for name in names)
    assert STANDARD.isdisjoint(OTHER_NAME)
