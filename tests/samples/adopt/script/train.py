import csv
import json
import os
import random

import tomli

random.seed(int(os.environ.get("SEED", "11")))

with open("settings.toml", "rb") as file:
    settings = tomli.load(file)

with open("data/points.csv") as file:
    points = [(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]

slope = 0.0
for _ in range(settings["steps"]):
    x, y = random.choice(points)
    slope += settings["rate"] * x * (y - slope * x)

error = sum(abs(y - slope * x) for x, y in points) / len(points)
os.makedirs("results", exist_ok=True)
with open("results/scores.json", "w") as file:
    json.dump({"slope": slope, "mean_absolute_error": error}, file)
    file.write("\n")
