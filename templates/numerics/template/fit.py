"""Solve Longley's regression, whose answer is certified, and write it to results/.

To make it yours, replace `load` and `solve`: each named number that `solve` returns is logged and written,
and can be claimed in reprise.yaml.
"""

import argparse
import hashlib
import json
import os
from pathlib import Path

import mlflow
import numpy as np
from statsmodels.datasets import longley
from statsmodels.regression.linear_model import OLS

DATA_SHA256 = "06abe20efbfaf4da75a874e1139a442429e271ff92db8ff0cbd2c71e8b8b8944"
"""Of the 16 years and 7 columns that the claims are about."""
NAMES = ("intercept", "deflator", "gnp", "unemployed", "armed_forces", "population", "year")
RESULTS = Path("results")


def load() -> tuple[np.ndarray, np.ndarray]:
    """Employment and six explaining columns of the years 1947 to 1962; they come inside statsmodels."""
    data = longley.load_pandas()
    employed, columns = data.endog.to_numpy(), data.exog.to_numpy()
    content = employed.astype("<f8").tobytes() + columns.astype("<f8").tobytes()
    if (found := hashlib.sha256(content).hexdigest()) != DATA_SHA256:
        raise SystemExit(f"Longley's data are not those of the claims: their sha256 is {found}")
    return employed, columns


def solve(employed: np.ndarray, columns: np.ndarray, order: np.ndarray) -> dict[str, float]:
    """Ordinary least squares with an intercept; the rows are added up in this order."""
    design = np.column_stack([np.ones(len(employed)), columns])
    fitted = OLS(employed[order], design[order]).fit()
    values = dict(zip(NAMES, fitted.params.tolist(), strict=True))
    return {**values, "residual_sd": float(np.sqrt(fitted.mse_resid)), "r_squared": float(fitted.rsquared)}


def write_results(values: dict[str, float]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "metrics.json").write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def log(values: dict[str, float], seed: int) -> None:
    """To the address in MLFLOW_TRACKING_URI, which Reprise sets; without one, to mlruns/ in this folder."""
    os.environ.setdefault("MLFLOW_TRACKING_URI", Path("mlruns").resolve().as_uri())
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    with mlflow.start_run():
        mlflow.log_params({"seed": seed, "data_sha256": DATA_SHA256})
        mlflow.log_metrics(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="order of the rows, which moves the last digits")
    arguments = parser.parse_args()

    employed, columns = load()
    order = np.random.default_rng(arguments.seed).permutation(len(employed))
    values = solve(employed, columns, order)
    write_results(values)
    log(values, arguments.seed)
    for name, value in values.items():
        print(f"{name:12} {value:.15g}")


if __name__ == "__main__":
    main()
