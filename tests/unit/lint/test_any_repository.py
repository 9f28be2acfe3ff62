"""No repository makes the lint fail, or ask for anything that is not in it."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.lint.build import SMALLEST, Files, repo

from reprise.domain.lint.baseline import known, parse_baseline, render_baseline
from reprise.domain.lint.fixing import mended
from reprise.domain.lint.grade import grade
from reprise.domain.lint.repo import Entry, Kind, Repo
from reprise.domain.lint.rules import lint

_PAGE = Path(__file__).parents[3] / "docs" / "spec.md"
EVERYTHING = re.findall(r"```yaml\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]

NAMES = (
    *("reprise.yaml", ".reprise/two.yaml", "README.md", "LICENSE", "CITATION.cff", "train.py", "src/a.py"),
    *("requirements.txt", "requirements.lock", "uv.lock", "poetry.lock", "pylock.toml", "pyproject.toml"),
    *("Pipfile", "Pipfile.lock", "environment.yml", "conda-lock.yml", "Dockerfile", "docker/Dockerfile.gpu"),
    *("compose.yaml", "docker-compose.yml", "apt.txt", "runtime.txt", ".python-version", "setup.py"),
    *(
        "setup.cfg",
        "MLproject",
        "dvc.yaml",
        "dvc.lock",
        "data/train.csv.dvc",
        ".dvc/config",
        ".gitattributes",
    ),
    *(".gitmodules", "analysis.ipynb", "config.yaml", "conf/train.json", "results/metrics.json", ".env"),
    *("run.sh", "Makefile", "codemeta.json", ".zenodo.json", "croissant.json", "data/train.csv"),
)
LINES = (
    *(
        "FROM python",
        "FROM python:3.11@sha256:" + "0" * 64,
        "FROM --platform=$X a AS b",
        "RUN apt-get install x",
    ),
    *(
        "RUN pip install --pre torch &&\\",
        "ARG V=",
        "numpy",
        "numpy==1.0 \\",
        "    --hash=sha256:" + "0" * 64,
    ),
    *(
        "-r other.txt",
        "-e .",
        "git+https://example.org/x@main",
        "numpy>=1,<2 ; python_version < '3'",
        "[[package]]",
    ),
    *(
        'name = "x"',
        "[project]",
        "dependencies = [",
        "version: 1",
        "run:",
        "  command: [python, train.py]",
        "claims:",
    ),
    *(
        "  - id: a",
        "    published: 0.97",
        "outs:",
        "- md5: 00",
        "  path: ../../../etc/passwd",
        "import numpy as np",
    ),
    *(
        "np.random.rand(3)",
        "x = f(*a, **b)",
        "torch.manual_seed(time.time())",
        "def f(:",
        "if x:",
        "  DataLoader(",
    ),
    *(
        "open('/home/ada/x.csv')",
        "input()",
        'key = "AKIA' + "A" * 16 + '"',
        "version https://git-lfs.github.com/spec/v1",
    ),
    *(
        "oid sha256:" + "0" * 64,
        "size 12",
        '[submodule "x"]',
        "\tpath = vendor",
        "\turl = ../x",
        "seed: null",
        "- &a [*a]",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        "# reprise: ignore RX30 - why",
        "&a [*a, *a]",
        "| a | b |",
        "| 1 | 2 |",
        "\x00",
        "\t",
        "\f",
        "\u2028",
    ),
)
NESTED = (
    "[" * 50_000,
    "{" * 50_000,
    "(" * 50_000,
    "- " * 20_000,
    "a: {" * 20_000,
    "x." * 50_000,
    "not " * 50_000,
)


def notebooks() -> st.SearchStrategy[str]:
    """Documents that are nearly notebooks, and whatever else JSON can hold."""
    keys = st.sampled_from(
        ("cells", "metadata", "cell_type", "source", "execution_count", "outputs", "language_info")
    )
    leaves = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from(("code", "import os\n", "3.11"))
    )
    trees = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )
    return trees.map(json.dumps)


def contents() -> st.SearchStrategy[str | bytes]:
    likely = st.lists(st.sampled_from(LINES), max_size=12).map("\n".join)
    return likely | notebooks() | st.text(max_size=60) | st.binary(max_size=60)


FILES = st.dictionaries(st.sampled_from(NAMES), contents(), max_size=6)
OTHERS = (Entry("vendor", 0, Kind.SUBMODULE), Entry("data/link", 9, Kind.LINK), Entry("large.bin", 2**33))


def watched(files: Files, before: Files, spec: str = SMALLEST) -> Repo:
    """Whatever files of specs say, the experiments are those of ``spec``: a bad one is none to a rule."""
    held, earlier = ({name: _bytes(text) for name, text in each.items()} for each in (files, before))
    entries = [*OTHERS, *(Entry(name, len(data)) for name, data in held.items())]
    listed = {entry.path: entry for entry in sorted(entries, key=lambda entry: entry.path)}

    def load(path: str) -> bytes | None:
        assert path in listed, f"{path!r} is not in the repository"
        return held.get(path)

    def past(path: str) -> bytes | None:
        assert not path.startswith("/"), path
        assert ".." not in path.split("/"), path
        return earlier.get(path)

    return Repo(listed, load, repo({}, spec).experiments, past)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


@settings(max_examples=60, deadline=None)
@given(FILES, FILES, st.sampled_from((SMALLEST, EVERYTHING)))
def test_no_repository_makes_it_fail_or_look_outside(
    files: dict[str, str | bytes], before: dict[str, str | bytes], spec: str
) -> None:
    place = watched(files, before, spec)
    findings = lint(place)

    assert all(pin.file in place.entries for pin in grade(place))
    assert all(finding.line >= 1 and finding.message and finding.fix for finding in findings)
    texts, _ = mended(place, findings)
    assert set(texts) <= set(place.entries)
    baseline = parse_baseline(render_baseline(place, findings).encode(), "known.json")
    counting = {finding for finding in findings if finding.ignored is None}
    assert known(place, findings, baseline) == counting


@pytest.mark.parametrize("text", NESTED, ids=lambda text: text[:3])
def test_what_is_nested_too_deeply_for_any_reader_is_no_failure(text: str) -> None:
    lint(watched(dict.fromkeys(NAMES, text), {}, EVERYTHING))
