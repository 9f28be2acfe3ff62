"""Classify time series by their nearest neighbour, and write six error rates and all classes to results/.

To make it yours, replace `DATA`, `load` and `DISTANCES`: what is measured, logged and written follows from
the true and the predicted class of every series.
"""

import argparse
import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as xp  # on a GPU: import cupy as xp
from aeon.datasets import load_arrow_head, load_gunpoint, load_italy_power_demand

DATA = {"GunPoint": load_gunpoint, "ItalyPowerDemand": load_italy_power_demand, "ArrowHead": load_arrow_head}
DATA_SHA256 = {
    "GunPoint": "92021261a0c0bd858312d2e15a6b6b70bab49bca4792bc24e6ac4e162bfb0d78",
    "ItalyPowerDemand": "8346e0b7241bcab41a1e514e5edd5625218112ab44b620f2fe5883d7182f5a81",
    "ArrowHead": "3cc933367d8d0f70a224d3e610ab0dc61c27df59723ae85db5046f3648fad842",
}
"""Of the values of both parts that the claims are about."""
AT_ONCE = 1 if xp.__name__ == "numpy" else 256
"""Series that are compared at the same time: few stay in a processor's cache, many fill a GPU."""
RESULTS = Path("results")


@dataclass(frozen=True)
class Part:
    """The values (series, time) of the training or of the test part, and the class of each series."""

    values: xp.ndarray
    classes: list[str]


def load(name: str) -> tuple[Part, Part]:
    """What to learn from and what to test; both come inside aeon, divided as in the UCR archive."""
    parts = [DATA[name](split=split, return_type="numpy2d") for split in ("train", "test")]
    content = b"".join(values.astype("<f8").tobytes() for values, _ in parts)
    if (found := hashlib.sha256(content).hexdigest()) != DATA_SHA256[name]:
        raise SystemExit(f"the series of {name} are not those of the claims: their sha256 is {found}")
    learned, tested = (Part(xp.asarray(values), list(map(str, classes))) for values, classes in parts)
    return learned, tested


def euclidean(a: xp.ndarray, b: xp.ndarray) -> xp.ndarray:
    """Squared distances between the series of `a` (rows) and those of `b` (columns)."""
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)


def warping(a: xp.ndarray, b: xp.ndarray) -> xp.ndarray:
    """The same for the cheapest alignment of two series, without a limit on how far it may shift.

    The table of costs of a pair is filled diagonal by diagonal, for all pairs at once.
    """
    length = a.shape[1]
    forward, backward = a.T[:, :, None], b.T[::-1, None, :]
    shape = (length + 1, a.shape[0], b.shape[0])  # row 0: before the series begin
    last, before = xp.full(shape, xp.inf), xp.full(shape, xp.inf)
    before[0] = 0.0
    for diagonal in range(2 * length - 1):
        low, high = max(0, diagonal - length + 1), min(diagonal, length - 1) + 1
        shift = length - 1 - diagonal
        cost = (forward[low:high] - backward[low + shift : high + shift]) ** 2
        cost += xp.minimum(xp.minimum(last[low:high], last[low + 1 : high + 1]), before[low:high])
        before[0] = xp.inf
        before[low + 1 : high + 1] = cost
        last, before = before, last
    return last[length]


Distance = Callable[[xp.ndarray, xp.ndarray], xp.ndarray]
DISTANCES: dict[str, Distance] = {"euclidean": euclidean, "dtw": warping}


def predict(learned: Part, tested: Part, distance: Distance) -> list[str]:
    """The class of the series that is nearest to each tested one; of equals the first counts."""
    nearest: list[int] = []
    for start in range(0, len(tested.classes), AT_ONCE):
        block = distance(tested.values[start : start + AT_ONCE], learned.values)
        nearest.extend(block.argmin(axis=1).tolist())
    return [learned.classes[index] for index in nearest]


@dataclass(frozen=True)
class Outcome:
    data: str
    distance: str
    truth: list[str]
    predicted: list[str]

    @property
    def metrics(self) -> dict[str, float]:
        wrong = sum(truth != found for truth, found in zip(self.truth, self.predicted, strict=True))
        return {"wrong": wrong, "total": len(self.truth), "error": wrong / len(self.truth)}


def outcomes() -> Iterator[Outcome]:
    for name in DATA:
        learned, tested = load(name)
        for title, distance in DISTANCES.items():
            yield Outcome(name, title, tested.classes, predict(learned, tested, distance))


def write_results(found: list[Outcome]) -> None:
    RESULTS.mkdir(exist_ok=True)
    metrics = {name: {one.distance: one.metrics for one in found if one.data == name} for name in DATA}
    (RESULTS / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    with (RESULTS / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["data", "distance", "series", "truth", "predicted"])
        for one in found:
            pairs = enumerate(zip(one.truth, one.predicted, strict=True))
            rows.writerows((one.data, one.distance, series, *pair) for series, pair in pairs)


def log(found: list[Outcome]) -> None:
    """To the address in MLFLOW_TRACKING_URI, which Reprise sets; without one, to mlruns/ in this folder."""
    os.environ.setdefault("MLFLOW_TRACKING_URI", Path("mlruns").resolve().as_uri())
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    with mlflow.start_run():
        mlflow.log_params({"neighbours": 1, "warping_window": "full"})
        mlflow.log_params({f"{name}_sha256": digest for name, digest in DATA_SHA256.items()})
        mlflow.log_metrics({f"{one.data}_{one.distance}_error": one.metrics["error"] for one in found})
        mlflow.log_artifact(str(RESULTS / "predictions.csv"))


def main() -> None:
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()

    found = []
    for one in outcomes():
        found.append(one)
        wrong, total, error = (one.metrics[key] for key in ("wrong", "total", "error"))
        print(f"{one.data}, {one.distance}: {wrong} of {total} wrong, {error:.4f}", flush=True)
    write_results(found)
    log(found)


if __name__ == "__main__":
    main()
