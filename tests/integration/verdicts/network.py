"""The job of these tests: a small network whose result depends on how a processor multiplies matrices.

The same seed gives other bits under another kernel of OpenBLAS. What becomes of that difference is chosen by
the learning rate: nothing but bits when training is calm, a few items when it is not, everything at the edge
of stability.
"""

from dataclasses import dataclass

TRAIN = '''\
import argparse, hashlib, json, sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

HALF, HIDDEN, BATCH, MOMENTUM = 898, 64, 32, np.float32(0.9)


def digits():
    """Of scikit-learn, without importing it, which takes longer than the training."""
    package = Path(find_spec("sklearn").origin).parent
    table = np.loadtxt(package / "datasets" / "data" / "digits.csv.gz", delimiter=",", dtype=np.float32)
    pixels, digit = table[:, :64] / 16, table[:, 64].astype(int)
    return pixels[:HALF], digit[:HALF], pixels[HALF:], digit[HALF:]


def outputs(pixels, layers):
    """Of every layer, the last one without its activation."""
    found = [pixels]
    for number, (weights, bias) in enumerate(layers):
        sums = found[-1] @ weights + bias
        found.append(sums if number == len(layers) - 1 else np.tanh(sums))
    return found


def gradients(found, truth, layers):
    """Of the cross-entropy of one batch, layer by layer."""
    shares = np.exp(found[-1] - found[-1].max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    shares[np.arange(len(truth)), truth] -= 1
    error = shares / np.float32(len(truth))
    wanted = []
    for number in range(len(layers) - 1, -1, -1):
        wanted.insert(0, (found[number].T @ error, error.sum(0)))
        if number:
            error = (error @ layers[number][0].T) * (1 - found[number] * found[number])
    return wanted


def train(seed, rate, steps):
    """Percent of the second half of the digits, and the weights as bytes."""
    learn, truth, test, expected = digits()
    random = np.random.default_rng(seed)
    sizes = [(64, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 10)]
    layers = [
        (random.normal(0, 0.2, size).astype(np.float32), np.zeros(size[1], np.float32)) for size in sizes
    ]
    momenta = [tuple(np.zeros_like(part) for part in layer) for layer in layers]
    for _ in range(steps):
        batch = random.integers(0, HALF, BATCH)
        wanted = gradients(outputs(learn[batch], layers), truth[batch], layers)
        for layer, momentum, gradient in zip(layers, momenta, wanted):
            for part, kept, new in zip(layer, momentum, gradient):
                kept *= MOMENTUM
                kept += new
                part -= np.float32(rate) * kept
    correct = int((outputs(test, layers)[-1].argmax(1) == expected).sum())
    return 100 * correct / len(expected), b"".join(part.tobytes() for layer in layers for part in layer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    parser.add_argument("--only-print", action="store_true")
    asked = parser.parse_args()
    with np.errstate(all="ignore"):
        results = [train(seed, asked.rate, asked.steps) for seed in asked.seed]
    if asked.only_print:
        kernels = [blas["architecture"] for blas in threadpool_info() if blas["internal_api"] == "openblas"]
        digests = [(percent, hashlib.sha256(weights).hexdigest()) for percent, weights in results]
        print(json.dumps({"kernels": kernels, "results": digests}))
        return
    [(percent, weights)] = results
    if not np.isfinite(np.frombuffer(weights, np.float32)).all():
        sys.exit("the weights are not finite: lower --rate")
    Path("results").mkdir()
    Path("results/weights.bin").write_bytes(weights)
    Path("results/metrics.json").write_text(json.dumps({"accuracy_percent": percent}))


main()
'''


@dataclass(frozen=True, slots=True)
class Training:
    """How the network is trained."""

    rate: str
    steps: int

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("--rate", self.rate, "--steps", str(self.steps))


CALM = Training("0.1", 500)
"""Other weights under another kernel, the same items right."""
LIVELY = Training("0.2", 2000)
"""A few items more or less."""
EDGE = Training("0.25", 2000)
"""Anything: some seeds learn and some do not, and which ones, the kernel decides."""
EXPLODING = Training("1e39", 20)
"""Infinite weights, which the job refuses to save."""
