"""Fit a line through noisy points and keep how well it explains them."""

import argparse
import json
import random
from pathlib import Path


def r_squared(noise: random.Random) -> float:
    xs = [each / 10 for each in range(200)]
    ys = [3 * x + 1 + noise.gauss(0, 1) for x in xs]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / sum((x - mean_x) ** 2 for x in xs)
    left = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in zip(xs, ys))
    return 1 - left / sum((y - mean_y) ** 2 for y in ys)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--degree", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    Path("results").mkdir(exist_ok=True)
    result = {"degree": arguments.degree, "r_squared": r_squared(random.Random(arguments.seed))}
    Path("results", "fit.json").write_text(json.dumps(result, indent=2) + "\n")
