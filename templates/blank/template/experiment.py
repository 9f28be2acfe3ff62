"""A job that can be repeated: a seed comes in, metrics go out.

To make it yours, replace `measure`; whatever it returns is logged and written, and can be claimed in
reprise.yaml.
"""

import argparse
import json
import os
import random
from pathlib import Path

import mlflow

RESULTS = Path("results")


def measure(seed: int) -> dict[str, float]:
    """Estimate pi by throwing points into a square. Everything random has to follow from the seed."""
    throw = random.Random(seed).random
    total = 200_000
    inside = sum(throw() ** 2 + throw() ** 2 <= 1 for _ in range(total))
    return {"pi": 4 * inside / total, "total": total}


def write_results(metrics: dict[str, float]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")


def log(metrics: dict[str, float], seed: int) -> None:
    """To the address in MLFLOW_TRACKING_URI, which Reprise sets; without one, to mlruns/ in this folder."""
    os.environ.setdefault("MLFLOW_TRACKING_URI", Path("mlruns").resolve().as_uri())
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    with mlflow.start_run():
        mlflow.log_param("seed", seed)
        mlflow.log_metrics(metrics)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    metrics = measure(arguments.seed)
    write_results(metrics)
    log(metrics, arguments.seed)
    for name, value in metrics.items():
        print(f"{name} {value:.6g}")


if __name__ == "__main__":
    main()
