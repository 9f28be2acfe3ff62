"""How often do two people of a group share a birthday?"""

import argparse
import json
import random


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--random-seed", type=int)
    parser.add_argument("--out")
    given = parser.parse_args()
    draws = random.Random(given.random_seed)
    shared = 0
    for _ in range(5_000):
        days = [draws.randrange(365) for _ in range(given.people)]
        shared += len(set(days)) < len(days)
    with open(given.out, "w") as file:
        json.dump({"shared_rate": shared / 5_000, "people": given.people}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
