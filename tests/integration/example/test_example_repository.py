"""The committed example as its users see it: install its lock, run its command, compare the numbers.

Nothing of the package is used here, so that a fault in Reprise cannot hide one in the example.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "example-repo"
LOCK = EXAMPLE / "requirements.txt"
SPEC: dict[str, Any] = yaml.safe_load((EXAMPLE / "reprise.yaml").read_text(encoding="utf-8"))


def cache_folder() -> Path:
    return Path(os.environ.get("REPRISE_TEST_CACHE") or ROOT / ".cache")


@pytest.fixture(scope="session")
def python() -> Path:
    """An interpreter with exactly the example's lock; made once for each lock and kept in the cache."""
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = cache_folder() / "example" / key
    interpreter = folder / "bin" / "python"
    if (folder / "complete").exists():
        return interpreter
    shutil.rmtree(folder, ignore_errors=True)
    uv = [sys.executable, "-m", "uv", "--quiet"]
    steps: list[list[str | Path]] = [
        ["venv", "--python", sys.executable, folder],
        ["pip", "sync", "--require-hashes", "--python", interpreter, LOCK],
    ]
    for arguments in steps:
        subprocess.run([*uv, *arguments], check=True, timeout=240)
    (folder / "complete").touch()
    return interpreter


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
