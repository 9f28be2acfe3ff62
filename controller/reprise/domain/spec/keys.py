"""Every key of version 1, section by section, with an example for messages. The one list of what exists.

``[]`` marks the items of a list. A key that is missing here is unknown; one whose feature is missing is
refused by the reader of its section with "not supported yet".
"""

from difflib import get_close_matches
from typing import NamedTuple


class Shape(NamedTuple):
    example: str
    keys: tuple[str, ...]


SECTIONS: dict[str, Shape] = {
    "": Shape(
        "{version: 1, run: {command: [python, train.py]}}",
        (
            *("version", "name", "on", "run", "environment", "data", "resources", "determinism"),
            *("runs", "reference", "claims", "artifacts", "checkpoint", "policy"),
        ),
    ),
    "on": Shape('{tags: ["v*"]}', ("tags", "schedule")),
    "run": Shape("{command: [python, train.py]}", ("command", "workdir", "timeout", "seed")),
    "run.seed": Shape("{arg: --seed, value: 0}", ("arg", "env", "value")),
    "environment": Shape("{lock: uv.lock}", ("lock", "dockerfile", "image", "python", "network")),
    "data[]": Shape('{path: data/train.csv, sha256: "…"}', ("path", "source", "sha256", "licence", "auth")),
    "resources": Shape(
        "{cpus: 8, memory: 32GB, duration: 1h30m}",
        ("cpus", "memory", "gpus", "gpu", "node_type", "nodes", "cluster", "duration"),
    ),
    "resources.gpu": Shape('{memory: ">=40GB", arch: [hopper]}', ("memory", "arch")),
    "determinism": Shape("{threads: 8}", ("profile", "threads", "self_repeat")),
    "runs": Shape("{n: 3}", ("n", "allow_failed")),
    "reference": Shape('{hardware: {gpu: "A100-80GB", count: 1}}', ("hardware", "environment")),
    "reference.hardware": Shape('{gpu: "A100-80GB", count: 1}', ("gpu", "count")),
    "claims[]": Shape(
        '{id: accuracy, metric: {file: metrics.json, pointer: /accuracy}, published: {value: "0.93"}}',
        ("id", "where", "metric", "published", "compare", "control"),
    ),
    "claims[].metric": Shape(
        "{file: metrics.json, pointer: /accuracy}", ("file", "pointer", "mlflow", "n_eval")
    ),
    "claims[].published": Shape('{value: "0.93"}', ("value", "kind", "per_seed", "sd", "m")),
    "claims[].compare": Shape(
        '{mode: tolerance, tolerance: {abs: "0.005"}}',
        ("mode", "tolerance", "margin", "side", "better", "why"),
    ),
    "claims[].compare.tolerance": Shape('{abs: "0.005"}', ("abs", "rel")),
    "claims[].control": Shape("{args: [--shuffle-labels]}", ("args",)),
    "artifacts[]": Shape('{path: results/predictions.csv, sha256: "…"}', ("path", "sha256", "required")),
    "checkpoint": Shape("{path: checkpoints, resume: exact}", ("path", "resume")),
    "policy": Shape("{who: [write]}", ("who", "max_su_per_run", "max_su_per_month", "backends")),
}


def advice(unknown: str, section: str) -> str:
    """What to write instead of an unknown key: the nearest one, the section that has it, or the list."""
    here = SECTIONS[section].keys
    near = get_close_matches(unknown[:60].lower(), here, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    elsewhere = [path for path, shape in SECTIONS.items() if unknown in shape.keys]
    if elsewhere:
        return f"it belongs in {' or '.join(path or 'the top level' for path in elsewhere)}"
    return f"known are {', '.join(here)}"
