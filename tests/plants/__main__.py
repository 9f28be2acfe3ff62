"""``python -m tests.plants FIRST COUNT``: how well causes are ranked, over this many seeds from the first."""

import sys

from tests.plants import planted
from tests.plants.causes import TRUTHS
from tests.plants.score import confusion, summary


def main(first: int, count: int) -> None:
    plants = [planted(truth, seed) for truth in TRUTHS for seed in range(first, first + count)]
    print(f"{confusion(plants)}\n{summary(plants)}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
