"""A spec with claims in a folder, for plans."""

import json
from pathlib import Path

SEEDS = (0.9210, 0.9199, 0.9244, 0.9221, 0.9288)


def write_spec(folder: Path, *claims: str, n: int = 5, seeds: tuple[float, ...] = SEEDS) -> None:
    """``claims`` as `claim_text` writes them; the values per seed are in seeds.json."""
    (folder / "seeds.json").write_text(json.dumps(seeds))
    (folder / "reprise.yaml").write_text(
        "version: 1\nname: table-2\n"
        "run: {command: [python, train.py], seed: {arg: --seed}}\n"
        f"runs: {{n: {n}}}\n" + ("claims:\n" if claims else "") + "".join(claims)
    )


def claim_text(published: str, compare: str, *, name: str = "accuracy", n_eval: int | None = 10000) -> str:
    items = f", n_eval: {n_eval}" if n_eval else ""
    return (
        f"  - id: {name}\n"
        f"    metric: {{file: metrics.json, pointer: /accuracy{items}}}\n"
        f"    published: {{{published}}}\n"
        f"    compare: {{{compare}}}\n"
    )
