"""Recompute published classification results and write them to results/.

Each experiment returns the true and the predicted class of every item it was tested on; everything
else (metrics.json, predictions.csv, what is printed) is derived from those two columns.
"""

import argparse
import csv
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_digits, load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC


@dataclass(frozen=True)
class Predictions:
    truth: np.ndarray
    predicted: np.ndarray

    @property
    def correct(self) -> int:
        return int((self.truth == self.predicted).sum())

    @property
    def total(self) -> int:
        return len(self.truth)

    @property
    def accuracy(self) -> float:
        """Share of items classified correctly, 0 to 1."""
        return self.correct / self.total


def leave_one_out_wine(classifier: ClassifierMixin, order: np.random.Generator) -> Predictions:
    """Classify each of the 178 wines by a model fitted to the 177 others, on the 13 raw measurements."""
    measurements, cultivar = load_wine(return_X_y=True)
    shuffled = order.permutation(len(cultivar))
    predicted = np.empty_like(cultivar)
    predicted[shuffled] = cross_val_predict(
        classifier, measurements[shuffled], cultivar[shuffled], cv=LeaveOneOut()
    )
    return Predictions(cultivar, predicted)


def second_half_digits(classifier: ClassifierMixin, order: np.random.Generator) -> Predictions:
    """Learn from the first 898 of the 1797 images, as they lie in the data set; classify the other 899."""
    pixels, digit = load_digits(return_X_y=True)
    half = len(digit) // 2
    shuffled = order.permutation(half)
    classifier.fit(pixels[shuffled], digit[shuffled])
    return Predictions(digit[half:], classifier.predict(pixels[half:]))


def nearest_neighbour(_: int) -> ClassifierMixin:
    """Of wines whose measurements have mean 0 and deviation 1 among those that are learned from."""
    return make_pipeline(StandardScaler(), KNeighborsClassifier(1))


def small_network(seed: int) -> ClassifierMixin:
    """32 hidden units, 30 passes; the seed draws the first weights and the order of the batches."""
    network = MLPClassifier((32,), max_iter=30, learning_rate_init=0.01, random_state=seed)
    return make_pipeline(MinMaxScaler(), network)


@dataclass(frozen=True)
class Experiment:
    title: str
    protocol: Callable[[ClassifierMixin, np.random.Generator], Predictions]
    classifier: Callable[[int], ClassifierMixin]
    """Made from the seed, which most methods do not need."""

    def run(self, seed: int) -> Predictions:
        # A generator for each experiment: the result of one does not depend on which ran before it.
        order = np.random.default_rng(seed)
        with warnings.catch_warnings():
            # The network stops after its 30 passes, and is meant to.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return self.protocol(self.classifier(seed), order)


EXPERIMENTS = {
    "wine-lda": Experiment(
        "wine, LDA, leave-one-out", leave_one_out_wine, lambda _: LinearDiscriminantAnalysis()
    ),
    "wine-qda": Experiment(
        "wine, QDA, leave-one-out", leave_one_out_wine, lambda _: QuadraticDiscriminantAnalysis()
    ),
    "digits-svm": Experiment("digits, SVM, second half", second_half_digits, lambda _: SVC(gamma=0.001)),
    "wine-1nn": Experiment("wine, 1-NN, leave-one-out", leave_one_out_wine, nearest_neighbour),
    "digits-mlp": Experiment("digits, small network, second half", second_half_digits, small_network),
}
USUAL = ("wine-lda", "wine-qda", "digits-svm")
"""What runs when nothing is named: the claims of reprise.yaml."""


def metrics(results: dict[str, Predictions]) -> dict[str, dict[str, float]]:
    """Accuracy both as a share and in percent: the sources print one or the other."""
    return {
        name: {
            "accuracy": result.accuracy,
            "accuracy_percent": 100 * result.accuracy,
            "correct": result.correct,
            "total": result.total,
        }
        for name, result in results.items()
    }


def write_results(results: dict[str, Predictions], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(metrics(results), indent=2) + "\n", encoding="utf-8")
    with (folder / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["experiment", "item", "truth", "predicted"])
        for name, result in results.items():
            pairs = zip(result.truth.tolist(), result.predicted.tolist(), strict=True)
            rows.writerows((name, item, truth, predicted) for item, (truth, predicted) in enumerate(pairs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "experiments", nargs="*", metavar="NAME", help=f"of {', '.join(EXPERIMENTS)}; the first three if none"
    )
    parser.add_argument("--seed", type=int, default=0, help="order of the training items; first weights")
    parser.add_argument("--output", type=Path, default=Path("results"), help="folder for the results")
    arguments = parser.parse_args()

    if unknown := set(arguments.experiments) - set(EXPERIMENTS):
        parser.error(f"there is no experiment {sorted(unknown)[0]!r}: there is {', '.join(EXPERIMENTS)}")

    results = {}
    names = arguments.experiments or USUAL
    for number, name in enumerate(names, start=1):
        start = time.perf_counter()
        results[name] = result = EXPERIMENTS[name].run(arguments.seed)
        print(
            f"[{number}/{len(names)}] {EXPERIMENTS[name].title}: {result.correct} of {result.total} correct, "
            f"{100 * result.accuracy:.2f} % ({time.perf_counter() - start:.1f} s)",
            flush=True,
        )
    write_results(results, arguments.output)
    print(f"wrote {arguments.output / 'metrics.json'} and {arguments.output / 'predictions.csv'}")


if __name__ == "__main__":
    main()
