"""Train a small convolutional network on the same half of the digits; its accuracy depends on the seed.

`--publish` writes what .reprise/cnn.yaml compares with: the accuracies of our own five seeds.
"""

import argparse
import json
import os
from pathlib import Path

import mlflow
import numpy as np
import torch
from torch import nn

from train import DATA_SHA256, RESULTS, load

DEVICE = "cpu"  # on a GPU: "cuda"
EPOCHS, BATCH, LEARNING_RATE = 30, 64, 0.003
SEEDS = range(5)
PUBLISHED = Path("published") / "published_seeds.json"


def network() -> nn.Module:
    """Two convolutions and a linear layer: 9,930 weights."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
    ).to(DEVICE)


def tensors(pixels: np.ndarray, digit: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.tensor(pixels / 16, dtype=torch.float32, device=DEVICE).reshape(-1, 1, 8, 8)
    return images, torch.tensor(digit, device=DEVICE)


def train(model: nn.Module, images: torch.Tensor, digit: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters())
    steps = EPOCHS * -(-len(digit) // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(digit)).to(DEVICE).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), digit[batch]).backward()
            optimizer.step()
            rate.step()


def accuracy(seed: int) -> float:
    """Share of the second half that is recognised; the seed draws the first weights and the batches."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    images, digit = tensors(*load())
    half = len(digit) // 2
    model = network()
    train(model, images[:half], digit[:half])
    with torch.no_grad():
        right = model(images[half:]).argmax(1) == digit[half:]
    return int(right.sum()) / len(right)


def log(value: float, seed: int) -> None:
    """To the address in MLFLOW_TRACKING_URI, which Reprise sets; without one, to mlruns/ in this folder."""
    os.environ.setdefault("MLFLOW_TRACKING_URI", Path("mlruns").resolve().as_uri())
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    with mlflow.start_run():
        mlflow.log_params({"seed": seed, "epochs": EPOCHS, "batch": BATCH, "data_sha256": DATA_SHA256})
        mlflow.log_metric("accuracy", value)


def run(seed: int) -> None:
    value = accuracy(seed)
    RESULTS.mkdir(exist_ok=True)
    content = json.dumps({"accuracy": value, "seed": seed}, indent=2)
    (RESULTS / "cnn.json").write_text(content + "\n", encoding="utf-8")
    log(value, seed)
    print(f"seed {seed}: accuracy {value:.4f}")


def publish() -> None:
    accuracies = [accuracy(seed) for seed in SEEDS]
    PUBLISHED.parent.mkdir(exist_ok=True)
    PUBLISHED.write_text(json.dumps(accuracies, indent=2) + "\n", encoding="utf-8")
    print(f"mean {sum(accuracies) / len(accuracies):.4f} of {len(accuracies)} seeds: wrote {PUBLISHED}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="first weights and batches")
    parser.add_argument("--publish", action="store_true", help=f"write {PUBLISHED}")
    arguments = parser.parse_args()
    if arguments.publish:
        publish()
    else:
        run(arguments.seed)


if __name__ == "__main__":
    main()
