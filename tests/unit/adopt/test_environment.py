"""Lock file, Python and data: what is there is named, what is not there is named too."""

import hashlib

import pytest
from tests.unit.adopt.build import TRAIN, proposed, spec_of

PINNED = "numpy==2.0.0\n"
HASHED = f"numpy==2.0.0 \\\n    --hash=sha256:{'0' * 64}\n"


@pytest.mark.parametrize(
    ("files", "lock", "words"),
    [
        ({"uv.lock": "", "requirements.txt": PINNED}, "uv.lock", "with hashes"),
        ({"requirements.txt": HASHED}, "requirements.txt", "with hashes"),
        ({"requirements.txt": PINNED}, "requirements.txt", "without hashes, which is weak"),
        ({"requirements.txt": "# nothing\n"}, "requirements.txt", "name nothing to install"),
        (
            {"requirements.txt": "numpy\n", "requirements.lock.txt": HASHED},
            "requirements.lock.txt",
            "with hashes",
        ),
        ({"binder/requirements.txt": PINNED}, "binder/requirements.txt", "weak"),
        (
            {"env/pins.txt": PINNED, "Dockerfile": "FROM a\nCOPY . .\nRUN pip install -r env/pins.txt\n"},
            "env/pins.txt",
            "Dockerfile:3 installs",
        ),
    ],
)
def test_the_lock_file_is_named_with_its_grade(files: dict[str, str], lock: str, words: str) -> None:
    held = {"train.py": TRAIN, **files}
    found = proposed(held).environment.lock
    assert found is not None
    assert words in found.why
    assert spec_of(held).environment.lock == lock


@pytest.mark.parametrize(
    ("files", "words", "fix", "place"),
    [
        ({"requirements.txt": "a==1\nnumpy>=2\n"}, "`numpy>=2`", "rename it to", "requirements.txt:2"),
        (
            {"docker/requirements.txt": "torch\n"},
            "`torch`",
            "docker/requirements.txt -o",
            "docker/requirements.txt:1",
        ),
        ({"poetry.lock": ""}, "not read yet", "poetry export", "poetry.lock"),
        ({"pixi.lock": ""}, "not read yet", "uv pip compile", "pixi.lock"),
        (
            {"environment.yml": "dependencies: [python=3.11]\n"},
            "no lock file",
            "uv pip compile",
            "environment.yml",
        ),
        ({"pyproject.toml": "[project]\n"}, "nothing is locked", "uv lock", "pyproject.toml"),
        ({"other.py": "import torch\n"}, "needs only what Python brings", "a comment alone", None),
        ({"train.py": "import torch\n"}, "the code imports torch", "uv pip compile", None),
    ],
)
def test_a_missing_lock_is_named_with_what_to_do(
    files: dict[str, str], words: str, fix: str, place: str | None
) -> None:
    held = {"train.py": TRAIN, **files}
    left = next(each for each in proposed(held).left if words in each.what)
    assert fix in left.fix
    assert (str(left.place) if left.place else None) == place
    assert spec_of(held).environment.lock is None


@pytest.mark.parametrize(
    ("files", "python"),
    [
        ({"runtime.txt": "python-3.10.4\n"}, "3.10"),
        ({"python_env.yaml": "python: 3.12\n"}, "3.12"),
        ({"environment.yml": "dependencies:\n  - numpy\n  - python=3.9.7\n"}, "3.9"),
        ({"Dockerfile": "FROM nvidia/cuda AS a\nFROM docker.io/python:3.12.4-slim\n"}, "3.12"),
        ({".python-version": "3.11\n", "runtime.txt": "python-3.10\n"}, None),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.10"\n'}, None),
    ],
)
def test_the_python_is_taken_from_whoever_says_it(files: dict[str, str], python: str | None) -> None:
    held = {"train.py": TRAIN, **files}
    assert spec_of(held).environment.python == python
    assert not any("no file says which Python" in each.what for each in proposed(held).left)


def test_a_python_that_nobody_names_is_left_to_do() -> None:
    assert any("no file says which Python" in each.what for each in proposed({"train.py": TRAIN}).left)


def test_what_rees_asks_for_beside_packages_is_named() -> None:
    files = {"train.py": TRAIN, "binder/apt.txt": "libgomp1\n", "postBuild": "\n"}
    assert [str(e.place) for e in proposed(files).left if "not looked at" in e.what] == ["binder/apt.txt"]


def test_committed_data_is_declared_with_its_digest_and_absent_data_is_named() -> None:
    code = (
        "import pandas as pd\n"
        'a = pd.read_csv("data/a.csv")\n'
        'b = pd.read_csv("data/b.csv")\n'
        'c = open("big.npz", "rb")\n'
        'open("made.csv", "w").write("")\n'
        'pd.read_csv("made.csv")\n'
        'pd.read_csv("https://example.org/x.csv")\n'
    )
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    files: dict[str, str | bytes] = {"train.py": code, "data/a.csv": "x\n", "big.npz": pointer}
    (data,) = spec_of(files).data
    assert (data.path, data.sha256) == ("data/a.csv", hashlib.sha256(b"x\n").hexdigest())
    places = {str(each.place): each.what for each in proposed(files).left if each.place}
    assert places["train.py:3"] == "data/b.csv is read, and not committed"
    assert "pointer of Git LFS" in places["train.py:4"]
    assert not {"train.py:6", "train.py:7"} & set(places)


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"train.py": 'import torch\nd = torch.device("cuda:0")\n'}, "train.py:2"),
        ({"train.py": "model.cuda()\n"}, "train.py:1"),
        (
            {"docker/docker-compose.yml": "services:\n  a:\n    runtime: nvidia\n"},
            "docker/docker-compose.yml:3",
        ),
        ({"train.py": 'print("cuda is not used")\n'}, None),
    ],
)
def test_a_gpu_is_named_since_none_can_be_asked_for(files: dict[str, str], place: str | None) -> None:
    left = [each for each in proposed({"train.py": TRAIN, **files}).left if "a GPU" in each.what]
    assert [str(each.place) for each in left] == ([place] if place else [])


def test_a_file_that_names_others_is_no_lock() -> None:
    files = {"train.py": TRAIN, "requirements.txt": "-r base.txt\n", "base.txt": "a\n"}
    assert proposed(files).environment.lock is None
    assert any(str(each.place) == "requirements.txt:1" for each in proposed(files).left)
