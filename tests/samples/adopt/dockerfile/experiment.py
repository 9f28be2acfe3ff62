import argparse

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=10)
given = parser.parse_args()
print(np.random.default_rng().normal(size=given.rounds).mean())
