"""Classify wines, compare with two rates published in 1992, and write everything to results/.

To make it yours, replace `load` and `METHODS`: what is measured, logged and written follows from the true
and the predicted class of every item.
"""

import argparse
import csv
import hashlib
import json
import os
from pathlib import Path

import mlflow
import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.model_selection import LeaveOneOut, cross_val_predict

DATA_SHA256 = "3a28849ef2366c4b9d4e382b3fa5624a66f693c04d7fdcf43c529bbb0bb338d7"
"""Of the measurements and classes that the claims are about."""
METHODS = {"lda": LinearDiscriminantAnalysis, "qda": QuadraticDiscriminantAnalysis}
RESULTS = Path("results")


def load() -> tuple[np.ndarray, np.ndarray]:
    """178 wines with 13 measurements, and their cultivars; they come inside scikit-learn."""
    measurements, cultivar = load_wine(return_X_y=True)
    content = measurements.astype("<f8").tobytes() + cultivar.astype("<i8").tobytes()
    if (found := hashlib.sha256(content).hexdigest()) != DATA_SHA256:
        raise SystemExit(f"the wine data are not those of the claims: their sha256 is {found}")
    return measurements, cultivar


def leave_one_out(
    classifier: ClassifierMixin, measurements: np.ndarray, cultivar: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """Predict each item by a model fitted to all others, which are visited in this order."""
    predicted = np.empty_like(cultivar)
    predicted[order] = cross_val_predict(classifier, measurements[order], cultivar[order], cv=LeaveOneOut())
    return predicted


def rates(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    correct = int((truth == predicted).sum())
    return {"correct": correct, "total": len(truth), "accuracy_percent": 100 * correct / len(truth)}


def write_results(
    metrics: dict[str, dict[str, float]], truth: np.ndarray, found: dict[str, np.ndarray]
) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    with (RESULTS / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["item", "truth", *found])
        rows.writerows(
            zip(range(len(truth)), truth.tolist(), *(p.tolist() for p in found.values()), strict=True)
        )


def log(metrics: dict[str, dict[str, float]], seed: int) -> None:
    """To the address in MLFLOW_TRACKING_URI, which Reprise sets; without one, to mlruns/ in this folder."""
    os.environ.setdefault("MLFLOW_TRACKING_URI", Path("mlruns").resolve().as_uri())
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    with mlflow.start_run():
        mlflow.log_params({"seed": seed, "data_sha256": DATA_SHA256})
        for method, values in metrics.items():
            mlflow.log_metrics({f"{method}_{name}": value for name, value in values.items()})
        mlflow.log_artifact(str(RESULTS / "predictions.csv"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="order in which the items are visited")
    parser.add_argument("--shuffle-labels", action="store_true", help="a control: nothing is left to learn")
    arguments = parser.parse_args()

    random = np.random.default_rng(arguments.seed)
    measurements, cultivar = load()
    if arguments.shuffle_labels:
        cultivar = random.permutation(cultivar)
    order = random.permutation(len(cultivar))
    found = {name: leave_one_out(method(), measurements, cultivar, order) for name, method in METHODS.items()}
    metrics = {name: rates(cultivar, predicted) for name, predicted in found.items()}
    write_results(metrics, cultivar, found)
    log(metrics, arguments.seed)
    for name, values in metrics.items():
        print(f"{name}: {values['correct']:.0f} of {values['total']:.0f}, {values['accuracy_percent']:.2f} %")


if __name__ == "__main__":
    main()
