"""Estimate how often a biased coin shows heads."""

import argparse
import json
import random
from pathlib import Path

import mlflow
from utils.mlflow_log import log_git, log_python


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=3)
    seed = parser.parse_args().seed
    draws = random.Random(seed)
    heads = sum(draws.random() < 0.7 for _ in range(10_000)) / 10_000
    mlflow.set_experiment("noisy-coin")
    with mlflow.start_run():
        log_git()
        log_python()
        mlflow.log_metric("heads_rate", heads)
    Path("results").mkdir(exist_ok=True)
    Path("results/metrics.json").write_text(json.dumps({"heads_rate": heads}) + "\n")


if __name__ == "__main__":
    main()
