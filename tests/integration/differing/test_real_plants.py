"""One real cause planted at a time, by real processes: the run that misses names it, and varying it mends it.

An author's number comes from a machine that had something else: another BLAS kernel, another seed, another
release of NumPy. Its record is committed with it. Beside the cause, everything differs that differs between
any two runs, and what two commits differ in: a package that nobody imports, files, times, paths.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.rehearsals import Outcome, reprise
from tests.repositories import commit_files, make_repository

from reprise.adapters.process.trying import other_kernel
from reprise.domain import environment
from reprise.domain.differences import Factor, differences
from reprise.domain.suspects import Clues, rank

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[3]
CACHE = {"REPRISE_CACHE_DIR": os.environ.get("REPRISE_TEST_CACHE") or str(ROOT / ".cache" / "reprise")}
TRAIN = """\
import json, sys
import numpy
random = numpy.random.default_rng(int(sys.argv[2]))
grid = random.normal(size=(400, 400)).astype("f4")
state = grid
for _ in range(4):
    state = numpy.tanh(state @ grid / 20)
json.dump({"v": float(state.sum()), "names": len(dir(numpy))}, open("metrics.json", "w"))
"""
SPEC = """\
version: 1
name: paper
run: {{command: [python, train.py], seed: {{arg: --seed}}}}
claims:
  - id: it
    metric: {{file: metrics.json, pointer: /{metric}}}
    published: {{value: "{published}"}}
{reference}
"""
REFERENCE = "reference: {environment: results/environment.json}"
LOCK = "numpy==2.4.6\nsix=={six}\n"


@dataclass(frozen=True)
class Author:
    """Where the number comes from."""

    folder: Path
    state: Path
    varied: str
    value: float
    record: str

    def run(self, *arguments: str) -> Outcome:
        return reprise(self.state, "run", *arguments, self.folder, extra=CACHE)


def author(folder: Path, metric: str, varied: str) -> Author:
    """Runs the job as the author did, and commits number and record."""
    repository, state = folder / "paper", folder / "state"
    files = {"train.py": TRAIN, "requirements.txt": LOCK.format(six="1.16.0")}
    make_repository(
        repository, {**files, "reprise.yaml": SPEC.format(metric=metric, published="0.5", reference="")}
    )
    first = reprise(state, "run", "--json", "--vary", varied, repository, extra=CACHE)
    assert first.code == 1, first.out
    [record] = state.glob("rehearsals/*/runs/*/trials/0-1/environment.json")
    value = first.result["claims"][0]["got"]
    spec = SPEC.format(metric=metric, published=value, reference=REFERENCE)
    later = {"reprise.yaml": spec, "requirements.txt": LOCK.format(six="1.17.0"), "NOTES.md": "more\n"}
    commit_files(repository, {**later, "results/environment.json": record.read_text()})
    return Author(repository, state, varied, value, record.read_text())


def newest_record(state: Path) -> dict[str, str]:
    records = state.glob("rehearsals/*/runs/*/trials/0-1/environment.json")
    newest = max(records, key=lambda path: path.stat().st_mtime_ns)
    return environment.flatten(environment.read(newest.read_bytes(), file="e.json"))


def kernel() -> str:
    found = other_kernel()
    if found is None:
        pytest.skip("OpenBLAS has a single kernel for this processor")
    return f"blas={found}"


@pytest.fixture(params=["kernel", "seed", "package"], scope="module")
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Author, Factor]]:
    folder = tmp_path_factory.mktemp(request.param)
    match request.param:
        case "kernel":
            yield author(folder, "v", kernel()), Factor.BLAS
        case "seed":
            yield author(folder, "v", "seed=5"), Factor.SEED
        case _:
            yield author(folder, "names", "package=numpy==2.3.5"), Factor.PACKAGE


def test_the_planted_cause_is_the_first_suspect_and_varying_it_brings_the_number_back(
    case: tuple[Author, Factor],
) -> None:
    made, truth = case
    missed = made.run()
    assert missed.code == 1, missed.out
    told = " ".join(missed.out.split())
    compared = "Compared with the committed record results/environment.json, likeliest cause first."
    _, _, suspects = told.partition(compared)
    assert f"--vary {made.varied}." in suspects.partition(" 2 ")[0], told

    before = environment.flatten(environment.read(made.record.encode(), file="e.json"))
    now = newest_record(made.state)
    decoys = {each.name for each in rank(before, now, Clues())} - {truth.value}
    fields = [each for each in differences(before, now) if each.factor is not truth]
    assert len(decoys) >= 5, decoys
    assert len(fields) >= 5
    assert rank(before, now, Clues(relative_difference=1e-5, older_reference=True))[0].factor is truth

    varied = made.run("--json", "--vary", made.varied)
    assert varied.code == 0, varied.out
    result: dict[str, Any] = varied.result
    assert (result["verdict"], result["evidence"]) == ("reproduced", None)
    assert result["varied"]["factor"] == made.varied.partition("=")[0]
    assert json.loads(varied.out)["claims"][0]["got"] == made.value
