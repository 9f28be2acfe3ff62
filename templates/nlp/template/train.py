"""Compare news texts by latent semantic analysis, and write how well that agrees with people to results/.

To make it yours, replace `load` and `similarities`: what is measured, logged and written follows from two
square tables, how alike a model finds each pair of texts and how alike people find it.
"""

import argparse
import csv
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as xp  # on a GPU: import cupy as xp
from gensim.corpora import Dictionary
from gensim.parsing.preprocessing import preprocess_string
from gensim.test.utils import datapath

DATA_SHA256 = "8a623e4f982de98f4777cec627ca295fcd7bdd66873a7eef997a0069e8d72441"
"""Of the three files that the claim is about."""
FILES = ("lee_background.cor", "lee.cor", "similarities0-1.txt")
DIMENSIONS = (50, 100, 200)
"""The claim is about the last; the others show how much this choice matters."""
RESULTS = Path("results")


@dataclass(frozen=True)
class Corpus:
    background: list[list[str]]
    """300 texts to learn from, each as a list of stems."""
    compared: list[list[str]]
    """The 50 texts that people compared."""
    judged: xp.ndarray
    """How alike people found each pair of different ones, 0 to 1."""


def load() -> Corpus:
    """The Lee corpora; they come inside gensim."""
    contents = [Path(datapath(name)).read_bytes() for name in FILES]
    if (found := hashlib.sha256(b"".join(contents)).hexdigest()) != DATA_SHA256:
        raise SystemExit(f"the texts are not those of the claim: their sha256 is {found}")
    background, compared, judged = (content.decode("latin-1").splitlines() for content in contents)
    above = xp.triu(xp.asarray([[float(value) for value in line.split()] for line in judged]), 1)
    stems = [[preprocess_string(line) for line in lines] for lines in (background, compared)]
    return Corpus(*stems, above + above.T)


def counts(texts: list[list[str]], dictionary: Dictionary) -> xp.ndarray:
    """How often each term (row) stands in each text (column)."""
    rows = [[0.0] * len(texts) for _ in range(len(dictionary))]
    for column, text in enumerate(texts):
        for term, number in dictionary.doc2bow(text):
            rows[term][column] = float(number)
    return xp.asarray(rows)


def entropy_weights(counted: xp.ndarray) -> xp.ndarray:
    """1 for a term of one text only, near 0 for one that is alike in all."""
    share = counted / counted.sum(axis=1, keepdims=True)
    entropy = (share * xp.log(xp.where(share > 0, share, 1.0))).sum(axis=1, keepdims=True)
    return 1 + entropy / xp.log(xp.asarray(counted.shape[1] + 1.0))


def of_length_one(columns: xp.ndarray) -> xp.ndarray:
    return columns / xp.linalg.norm(columns, axis=0, keepdims=True)


def similarities(corpus: Corpus) -> dict[int, xp.ndarray]:
    """For each number of dimensions, the cosines between the compared texts."""
    dictionary = Dictionary(corpus.background)
    learned = counts(corpus.background, dictionary)
    weights = entropy_weights(learned)
    # The exact decomposition has no random start, so there is no seed to choose.
    directions = xp.linalg.svd(of_length_one(xp.log(learned + 1) * weights), full_matrices=False)[0]
    texts = of_length_one(xp.log(counts(corpus.compared, dictionary) + 1) * weights)
    found = {}
    for size in DIMENSIONS:
        places = of_length_one(directions[:, :size].T @ texts)
        found[size] = places.T @ places
    return found


def correlation(found: xp.ndarray, judged: xp.ndarray) -> float:
    """Pearson's r over all pairs of two different texts."""
    pairs = xp.triu_indices(len(judged), 1)
    return float(xp.corrcoef(found[pairs], judged[pairs])[0, 1])


def write_results(metrics: dict[str, float], found: xp.ndarray, judged: xp.ndarray) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    with (RESULTS / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["text", "other", "judged", "found"])
        for text in range(len(judged)):
            for other in range(text):
                # Six digits: the further ones depend on the processor.
                rows.writerow([text, other, float(judged[text, other]), f"{float(found[text, other]):.6f}"])


def log(metrics: dict[str, float]) -> None:
    """To the address in MLFLOW_TRACKING_URI, which Reprise sets; without one, to mlruns/ in this folder."""
    os.environ.setdefault("MLFLOW_TRACKING_URI", Path("mlruns").resolve().as_uri())
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    with mlflow.start_run():
        mlflow.log_params({"weights": "log-entropy", "data_sha256": DATA_SHA256})
        mlflow.log_metrics(metrics)
        mlflow.log_artifact(str(RESULTS / "pairs.csv"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--swap-texts", action="store_true", help="a control: judgements of other texts")
    arguments = parser.parse_args()

    corpus = load()
    judged = corpus.judged[::-1, ::-1] if arguments.swap_texts else corpus.judged
    found = similarities(corpus)
    metrics = {f"r_{size}": correlation(table, judged) for size, table in found.items()}
    write_results(metrics, found[DIMENSIONS[-1]], judged)
    log(metrics)
    for name, value in metrics.items():
        print(f"{name} {value:.4f}")


if __name__ == "__main__":
    main()
