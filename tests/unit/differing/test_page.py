"""docs/differences.md says what the code does."""

import re
from pathlib import Path

import pytest

from reprise.domain.differences import Difference, Flat, factor_of
from reprise.domain.spec.model import Varied
from reprise.domain.suspects import FIT, Miss
from reprise.domain.traits import Size, trait_of

PAGE = (Path(__file__).parents[3] / "docs/differences.md").read_text(encoding="utf-8")
CARD = {"gpu.0.name": "A100"}
USED = {"in_process.modules": "numpy, tqdm"}
ROWS: dict[str, tuple[str, str, str, Flat]] = {
    "a data file": ("data.train.csv", "aa", "bb", {}),
    "profile": ("profile.name", "as-published", "strict", {}),
    "command": ("run.argv", "python, a.py", "python, b.py", {}),
    "seed": ("run.seed", "0", "1", {}),
    "TF32, precision": ("in_process.torch.backends.cuda.matmul.allow_tf32", "true", "false", CARD),
    "major release of a numerical package that was imported": (
        "python.packages.numpy",
        "1.26.4",
        "2.0.0",
        USED,
    ),
    "minor release of one": ("python.packages.numpy", "2.0.0", "2.1.0", USED),
    "patch release of one": ("python.packages.numpy", "2.0.0", "2.0.1", USED),
    "GPU of another class": ("gpu.0.compute_capability", "8.0", "9.0", CARD),
    "BLAS kernel": ("blas.openblas.architecture", "Haswell", "Zen", {}),
    "cuDNN, cuBLAS, NCCL": ("python.packages.nvidia-cudnn-cu12", "9.1.0", "9.5.1", CARD),
    "BLAS release": ("blas.openblas.version", "0.3.29", "0.3.31", {}),
    "threads": ("run.environment.OMP_NUM_THREADS", "1", "2", USED),
    "deterministic kernels, kernel search": ("in_process.torch.backends.cudnn.benchmark", "a", "b", CARD),
    "code": ("source.tree", "aa", "bb", {}),
    "NumPy's vector instructions": ("in_process.numpy.simd.found", "AVX2", "AVX512F", {}),
    "image digest": ("os.image", "aa", "bb", {}),
    "hash seed": ("run.environment.PYTHONHASHSEED", "0", "1", {}),
    "processor, kernel of BLAS unknown": ("cpu.model", "a", "b", {}),
    "minor release of Python": ("python.version", "3.11.7", "3.12.1", {}),
    "C library": ("os.libc", "glibc 2.28", "glibc 2.39", {}),
    "major release of the GPU driver": ("cuda.driver", "535.1", "550.1", CARD),
    "time zone, locale": ("os.time_zone", "UTC", "Asia/Kolkata", {}),
    "another variable of the job": ("run.environment.MODE", "a", "b", {}),
    "package that does no arithmetic": ("python.packages.tqdm", "4.1.0", "4.2.0", USED),
    "kernel, distribution": ("os.kernel", "5.15", "6.8", {}),
    "package that was never imported": ("python.packages.torch", "1.0", "2.0", USED),
    "clock, memory, serial number of a GPU": ("gpu.0.uuid", "a", "b", CARD),
    "host, paths, time, load": ("run.started_at", "a", "b", {}),
    "pip and its kin": ("python.packages.pip", "24.0", "25.0", {}),
}
SIZES = {
    Size.ROUNDING: "rounding",
    Size.DRAW: "one draw more",
    Size.MEANING: "anything but the last digits",
    Size.ANY: "anything",
}


def cells(heading: str) -> list[list[str]]:
    """Rows of the table whose first header cell this is."""
    table = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


@pytest.mark.parametrize("row", ROWS)
def test_every_weight_of_the_page_is_the_codes(row: str) -> None:
    name, before, now, both = ROWS[row]
    one, other = {**both, name: before}, {**both, name: now}
    trait = trait_of(Difference(factor_of(name), name, before, now), one, other)
    written = {cell[0]: cell[1:] for cell in cells("what differs")}
    assert written[row] == [f"{trait.weight:g}", SIZES[trait.size]]


def test_the_page_has_no_other_rows() -> None:
    assert [cell[0] for cell in cells("what differs")] == list(ROWS)


def test_the_fits_of_the_page_are_the_codes() -> None:
    written = {row[0]: [float(cell) for cell in row[1:]] for row in cells("a miss of")}
    order = (Miss.ROUNDING, Miss.SCATTER, Miss.LARGE, Miss.UNKNOWN)
    assert written == {SIZES[size]: [FIT[size][miss] for miss in order] for size in Size}


def test_everything_that_can_be_varied_is_on_the_page() -> None:
    written = [re.sub(r"[`=].*", "", row[0].strip("`")) for row in cells("written")]
    assert written == [factor.value for factor in Varied]
