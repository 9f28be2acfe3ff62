"""How long ``reprise check`` takes in a repository of ten thousand files, from the start of its process."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.printed import Bar, Part, number, numbers

ROUNDS = 5
FILES = 10_000
PYTHON = 500
NOTEBOOKS = 20
PACKAGES = 150
_BLOCKS = 3
_SECONDS = 120
_BAR_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds."""

    wall: float
    core: float


_HEAD = '''\
"""Module {index} of the experiment.

Every module is imported by the one before, so that all of them belong to what a run starts.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset
{imported}
# The same for every module: what is drawn is drawn from here.
SEED = {index}
'''
_BLOCK = '''

def prepare_{block}(
    path: Path,
    *,
    share: float = 0.{block},
) -> tuple[np.ndarray, np.ndarray]:
    """Read what step {block} needs.

    path: the folder that holds the parts.
    share: how much of them is used, from 0 to 1.
    """
    rng = np.random.default_rng(SEED)
    table = np.loadtxt(path / "part-{block}.csv", delimiter=",")

    # The last column is the label.
    features = table[:, :-1]
    labels = table[:, -1].astype(int)
    features = features / features.std()

    keep = rng.permutation(len(features))
    keep = keep[: int(share * len(features))]
    return features[keep], labels[keep]


def train_{block}(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int = {index},
    rate: float = 1e-{block},
) -> dict[str, float]:
    """Fit a small network, and say how well it does on what was held out."""
    torch.manual_seed(SEED)
    model = torch.nn.Linear(features.shape[1], 2)
    optimizer = torch.optim.Adam(
        model.parameters(),
        lr=rate,
    )
    loader = DataLoader(
        TensorDataset(features, labels),
        batch_size=64,
        shuffle=True,
    )

    losses = []
    for epoch in range(epochs):
        # One pass over the data.
        for batch, wanted in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(batch), wanted)
            loss.backward()
            optimizer.step()
            losses.append(float(loss))

    fit, rest = train_test_split(losses, random_state=SEED)
    return {{"loss": fit.mean(), "held_out": rest.mean()}}
'''


def measure() -> Part:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        lines = build(root)
        took = {
            "files in memory": timed(root, lambda: None),
            "files on the disk": timed(root, lambda: forget(root)),
        }
    return told(took, lines)


def told(took: Mapping[str, Sequence[Took]], lines: int) -> Part:
    bars = [
        Bar(f"check, {name}", median(each.wall for each in rounds), at_most=_BAR_SECONDS, unit=" s")
        for name, rounds in took.items()
    ]
    rows = [
        (f"{name}, {what}", number(median(values)), numbers(values))
        for name, rounds in took.items()
        for what, values in (
            ("from start to end", [each.wall for each in rounds]),
            ("of one core", [each.core for each in rounds]),
        )
    ]
    return Part(
        "lint",
        "The lint on a large repository",
        tuple(bars),
        ("seconds", "median", "each round"),
        tuple(rows),
        (
            f"{FILES:,} tracked files, of which {PYTHON} Python with {lines:,} lines, all of them part of a "
            f"run, {NOTEBOOKS} notebooks and a hashed lock of {PACKAGES} packages; a new process each time. "
            "It uses one core: what others have of it is the difference.",
        ),
    )


def build(root: Path) -> int:
    """A repository with one commit; returns how many lines of Python it has."""
    texts = dict(_texts())
    rest = FILES - len(texts)
    texts |= {f"data/{index // 100:03d}/{index:05d}.csv": f"a,b\n{index},1\n" for index in range(rest)}
    for path, text in texts.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    _run(root, "git", "init", "--quiet")
    _run(root, "git", "add", "--all")
    _run(
        root,
        "git",
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.org",
        "commit",
        "--quiet",
        "-m",
        "all",
    )
    return sum(text.count("\n") for path, text in texts.items() if path.endswith(".py"))


def timed(root: Path, before: Callable[[], None]) -> list[Took]:
    """Of each round; findings are no failure."""
    took = []
    for _ in range(ROUNDS):
        before()
        begun, used = time.monotonic(), _core_seconds()
        _run(root, sys.executable, "-m", "reprise", "check", "--format", "json", ".", allowed=(0, 1))
        took.append(Took(time.monotonic() - begun, _core_seconds() - used))
    return took


def _core_seconds() -> float:
    """Of every process that was started here and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def forget(root: Path) -> None:
    """Ask the system to read every file from the disk again."""
    os.sync()
    for place in root.rglob("*"):
        if place.is_file():
            with place.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _texts() -> Iterator[tuple[str, str]]:
    yield "reprise.yaml", "version: 1\nrun: {command: [python, -m, src.part_00.module_000]}\n"
    yield "README.md", "# Experiment\n\nRun `python src/part_00/module_000.py`; a minute on one CPU.\n" * 20
    yield "LICENSE", "MIT License\n" * 20
    yield (
        "requirements.txt",
        "".join(
            f"package-{index}==1.{index} \\\n    --hash=sha256:{index:064x}\n" for index in range(PACKAGES)
        ),
    )
    yield "Dockerfile", "FROM python:3.11\nCOPY . /work\nRUN pip install -r requirements.txt\n"
    for index in range(NOTEBOOKS):
        cells = [_cell(number, f"import numpy as np\nx = {index}\n" * 10) for number in range(1, 30)]
        document = {"cells": cells, "metadata": {"language_info": {"version": "3.11"}}, "nbformat": 4}
        yield f"notebooks/{index}.ipynb", json.dumps(document, indent=1)
    for index in range(PYTHON):
        blocks = "".join(_BLOCK.format(index=index, block=block) for block in range(1, _BLOCKS + 1))
        following = f"import {_module(index + 1)}\n" if index + 1 < PYTHON else ""
        head = _HEAD.format(index=index, imported=following)
        yield f"{_module(index).replace('.', '/')}.py", head + blocks


def _module(index: int) -> str:
    return f"src.part_{index // 50:02d}.module_{index:03d}"


def _cell(count: int, source: str) -> dict[str, object]:
    return {"cell_type": "code", "execution_count": count, "source": source, "outputs": [], "metadata": {}}


def _run(root: Path, *command: str, allowed: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(
        command,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode not in allowed:
        raise SystemExit(f"{' '.join(command[:4])} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
