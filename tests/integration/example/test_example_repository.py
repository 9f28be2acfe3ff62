"""The committed example as its users see it: install its lock, run its command, compare the numbers.

No verdict of the package is asked here, so that a fault in Reprise cannot hide one in the example.
"""

import json
import os
import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.examples import EXAMPLE, LOCK, ROOT, example_python

SPEC: dict[str, Any] = yaml.safe_load((EXAMPLE / "reprise.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def python() -> Path:
    return example_python()


@pytest.fixture(scope="session")
def finished(python: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder and printed output of the declared command, run once in a copy of what is committed."""
    copy = tmp_path_factory.mktemp("example") / "repository"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("results", ".venv", "__pycache__"))
    program, *arguments = SPEC["run"]["command"]
    assert program == "python"
    done = subprocess.run(
        [python, *arguments, SPEC["run"]["seed"]["arg"], "0"],
        cwd=copy,
        env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return copy, done.stdout


@pytest.mark.parametrize("claim", SPEC["claims"], ids=lambda claim: str(claim["id"]))
def test_claim_comes_out_at_its_published_precision(
    finished: tuple[Path, str], claim: dict[str, Any]
) -> None:
    folder, _ = finished
    got = json.loads((folder / claim["metric"]["file"]).read_text(encoding="utf-8"), parse_float=Decimal)
    for key in claim["metric"]["pointer"].split("/")[1:]:
        got = got[key]
    published = Decimal(claim["published"]["value"])
    assert got.quantize(published) == published
    assert got != published, "a rate of so few items cannot equal its rounded value"


def test_it_prints_the_three_counts(finished: tuple[Path, str]) -> None:
    _, printed = finished
    assert re.findall(r"(\d+) of (\d+) correct", printed) == [("176", "178"), ("177", "178"), ("871", "899")]


def test_the_nearest_neighbour_is_one_wine_off(python: Path, tmp_path: Path) -> None:
    """The published 96.1 % is 171 of 178."""
    printed = run(python, tmp_path, "train.py", "wine-1nn", "--output", str(tmp_path / "results"))
    assert re.findall(r"(\d+) of (\d+) correct", printed) == [("170", "178")]
    assert f"{100 * 171 / 178:.1f}" == "96.1"


def test_our_published_seeds_are_what_the_committed_script_writes(python: Path, tmp_path: Path) -> None:
    """To an item or two: another processor may round otherwise."""
    copy = shutil.copytree(
        EXAMPLE, tmp_path / "repository", ignore=shutil.ignore_patterns("results", ".venv")
    )
    printed = run(python, copy, "publish.py")
    committed, written = (
        json.loads((folder / "published/digits-mlp.json").read_text()) for folder in (EXAMPLE, copy)
    )
    assert written == pytest.approx(committed, abs=2.5 / 899)
    assert len(committed) == 10
    assert printed.startswith("mean 0.93")


def test_each_experiment_is_explained_and_a_mistyped_one_named(python: Path) -> None:
    done = subprocess.run(
        [python, "train.py", "wine-2nn"],
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "there is no experiment 'wine-2nn': there is wine-lda, " in done.stderr


def run(python: Path, folder: Path, *arguments: str) -> str:
    """What a script of the example prints, run in a folder."""
    script, *others = arguments
    path = folder / script if (folder / script).exists() else EXAMPLE / script
    done = subprocess.run(
        [python, path, *others],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_declared_artifacts_are_written(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    for artifact in SPEC["artifacts"]:
        assert (folder / artifact["path"]).stat().st_size > 0
    items = [claim["metric"]["n_eval"] for claim in SPEC["claims"]]
    assert (folder / "results/predictions.csv").read_text().count("\n") == 1 + sum(items)


def test_no_result_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "example-repo/results"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert listed.stdout == ""


def test_every_locked_package_has_a_hash_and_no_source() -> None:
    text = LOCK.read_text(encoding="utf-8")
    packages = re.split(r"\n(?=[a-z0-9])", text)
    assert len(packages) >= 3
    for package in packages:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", package), package
        assert "--hash=sha256:" in package, package
    assert "://" not in text
    assert "-url" not in text
