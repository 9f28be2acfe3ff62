"""Recognise hand-written digits as scikit-learn's example gallery does, and write everything to results/.

To make it yours, replace `load` and `classify`: what is measured, logged and written follows from the true
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
from sklearn.datasets import load_digits
from sklearn.svm import SVC

DATA_SHA256 = "f6d9e39f37dc45d327f6db33428ee58970ccceabb2535a5c179de35886b70443"
"""Of the images and classes that the claims are about."""
GAMMA = 0.001
RESULTS = Path("results")


def load() -> tuple[np.ndarray, np.ndarray]:
    """1797 images of 8 x 8 pixels, 0 to 16, and the digits they show; they come inside scikit-learn."""
    pixels, digit = load_digits(return_X_y=True)
    content = pixels.astype("<f8").tobytes() + digit.astype("<i8").tobytes()
    if (found := hashlib.sha256(content).hexdigest()) != DATA_SHA256:
        raise SystemExit(f"the digits are not those of the claims: their sha256 is {found}")
    return pixels, digit


def classify(
    pixels: np.ndarray, digit: np.ndarray, unseen: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Learn from these images and predict the unseen ones."""
    # Nothing here is random. The order in which images are learned from should not matter; it is the seed's.
    order = random.permutation(len(digit))
    return SVC(gamma=GAMMA).fit(pixels[order], digit[order]).predict(unseen)


def rates(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    correct = int((truth == predicted).sum())
    return {"correct": correct, "total": len(truth), "accuracy": correct / len(truth)}


def write_results(metrics: dict[str, float], truth: np.ndarray, predicted: np.ndarray) -> None:
    RESULTS.mkdir(exist_ok=True)
    content = json.dumps({"svc": metrics}, indent=2)
    (RESULTS / "metrics.json").write_text(content + "\n", encoding="utf-8")
    with (RESULTS / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["image", "truth", "predicted"])
        rows.writerows(zip(range(len(truth)), truth.tolist(), predicted.tolist(), strict=True))


def log(metrics: dict[str, float], seed: int) -> None:
    """To the address in MLFLOW_TRACKING_URI, which Reprise sets; without one, to mlruns/ in this folder."""
    os.environ.setdefault("MLFLOW_TRACKING_URI", Path("mlruns").resolve().as_uri())
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    with mlflow.start_run():
        mlflow.log_params({"seed": seed, "gamma": GAMMA, "data_sha256": DATA_SHA256})
        mlflow.log_metrics(metrics)
        mlflow.log_artifact(str(RESULTS / "predictions.csv"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="order of the images that are learned from")
    parser.add_argument("--shuffle-labels", action="store_true", help="a control: nothing is left to learn")
    arguments = parser.parse_args()

    random = np.random.default_rng(arguments.seed)
    pixels, digit = load()
    half = len(digit) // 2  # as the images lie in the data set
    learned, truth = digit[:half], digit[half:]
    if arguments.shuffle_labels:
        learned = random.permutation(learned)
    predicted = classify(pixels[:half], learned, pixels[half:], random)
    metrics = rates(truth, predicted)
    write_results(metrics, truth, predicted)
    log(metrics, arguments.seed)
    print(f"{metrics['correct']} of {metrics['total']} correct, accuracy {metrics['accuracy']:.4f}")


if __name__ == "__main__":
    main()
