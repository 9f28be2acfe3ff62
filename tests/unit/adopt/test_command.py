"""How a repository says what is run, and which of several words counts."""

import json

import pytest
from tests.unit.adopt.build import TRAIN, proposed, repo, spec_of

from reprise.domain.adopt.model import Kind
from reprise.domain.adopt.proposal import SOURCES, propose
from reprise.domain.adopt.words import split

README = "# Paper\n\n```sh\n$ cd paper\n$ python3 train.py --epochs 3 --seed 9  # an hour\n```\n"
DOCKERFILE = (
    'FROM python:3.12.4-slim AS base\nWORKDIR /app\nCOPY . .\nCMD ["python", "/app/train.py", "--fast"]\n'
)
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "code", "source": ["%pip list\n", "import os\n", "s = os.getenv('SEED', '4')"]}
        ],
        "metadata": {"kernelspec": {"name": "mine", "language": "python"}},
    }
)
MLPROJECT = """\
name: paper
entry_points:
  main:
    parameters:
      alpha: {type: float, default: 0.5}
      data: path
      seed: {type: int, default: 5}
    command: "python train.py --alpha {alpha} --seed {seed} {data}"
"""


def test_every_kind_has_a_reader() -> None:
    assert set(SOURCES) == set(Kind)


@pytest.mark.parametrize(
    ("files", "kind", "argv"),
    [
        ({"train.py": TRAIN, "README.md": README}, Kind.README, ("python", "train.py", "--epochs", "3")),
        ({"train.py": TRAIN, "Dockerfile": DOCKERFILE}, Kind.DOCKERFILE, ("python", "train.py", "--fast")),
        ({"train.py": TRAIN, "setup.py": ""}, Kind.SCRIPT, ("python", "train.py")),
        ({"odd.py": "if __name__ == '__main__':\n    pass\n", "a.py": ""}, Kind.SCRIPT, ("python", "odd.py")),
        (
            {"look.ipynb": NOTEBOOK},
            Kind.NOTEBOOK,
            ("papermill", "look.ipynb", "look.executed.ipynb", "-k", "python3"),
        ),
        (
            {"utils/mlflow_log.py": "", "docker/Dockerfile.mlflow": "", "src/a-b.py": "", "train.py": TRAIN},
            Kind.REPROGEN,
            ("python", "-m", "src.a-b"),
        ),
        (
            {"scripts/train.py": "from model import net\n", "model/__init__.py": "", "model/net.py": ""},
            Kind.SCRIPT,
            ("python", "-m", "scripts.train"),
        ),
    ],
)
def test_each_source_gives_its_command(files: dict[str, str], kind: Kind, argv: tuple[str, ...]) -> None:
    found = proposed(files)
    assert (found.entry.kind, found.entry.argv) == (kind, argv)
    assert spec_of(files).run.command == argv


def test_mlproject_comes_first_and_names_a_parameter_without_a_default() -> None:
    files = {"MLproject": MLPROJECT, "train.py": TRAIN, "README.md": README}
    found = proposed(files)
    assert [(str(each.place), each.what) for each in found.entry.unknown] == [
        ("MLproject:6", "the parameter data has no default")
    ]
    files["MLproject"] = MLPROJECT.replace("data: path", "data: {type: path, default: raw}")
    run = spec_of(files).run
    assert proposed(files).entry.unknown == ()
    assert run.command == ("python", "train.py", "--alpha", "0.5", "raw")
    assert run.seed is not None
    assert (run.seed.arg, run.seed.value) == ("--seed", 5)


def test_an_entry_point_that_needs_a_shell_gets_one() -> None:
    text = 'entry_points:\n  main: {command: "cd a && python b.py > c"}\n'
    assert proposed({"MLproject": text}).entry.argv == ("sh", "-c", "cd a && python b.py > c")


def test_steps_before_the_command_are_named_and_cd_is_the_workdir() -> None:
    readme = "```\ncd code\npython prepare.py\npython train.py \\\n  --big\n```\n"
    found = proposed({"README.md": readme, "code/prepare.py": "", "code/train.py": TRAIN})
    assert (found.entry.workdir, found.entry.argv) == ("code", ("python", "train.py", "--big"))
    assert any("prepare.py" in each.what and str(each.place) == "README.md:3" for each in found.left)


def test_an_indented_block_is_code_too() -> None:
    readme = "Run it:\n\n    python3 -m venv .venv\n    .venv/bin/python train.py --fast\n\nand wait.\n"
    found = proposed({"README.md": readme, "train.py": TRAIN}).entry
    assert (found.kind, found.argv, found.place.line) == (Kind.README, ("python", "train.py", "--fast"), 4)


@pytest.mark.parametrize(
    "line",
    ["pip install -r requirements.txt", "python missing.py", "python train.py > log", "jupyter lab", "ls"],
)
def test_a_line_that_runs_no_script_of_the_repository_is_no_command(line: str) -> None:
    found = propose(repo({"README.md": f"```\n{line}\n```\n"}))
    assert found is None


def test_two_scripts_that_could_both_be_it_are_not_chosen_from() -> None:
    guard = "if __name__ == '__main__':\n    pass\n"
    assert propose(repo({"one.py": guard, "two.py": guard})) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("uv run train.py", ("python", "train.py")),
        ("CUDA_VISIBLE_DEVICES=0 python3.11 a.py", ("env", "CUDA_VISIBLE_DEVICES=0", "python", "a.py")),
        ("poetry run python a.py", ("python", "a.py")),
        ("python a.py --x 'un", None),
        ("python a.py --data <your data>", None),
        ("# a comment", None),
        ("", None),
    ],
)
def test_a_line_is_split_like_a_shell_would(line: str, words: tuple[str, ...] | None) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    ("code", "seed"),
    [
        (TRAIN, ("--seed", None, 42)),
        (
            'import click\n@click.option("--random-state", default=3)\ndef main(): ...\n',
            ("--random-state", None, 3),
        ),
        ('from absl import flags\nflags.DEFINE_integer("seed", 8, "")\n', ("--seed", None, 8)),
        ('import os\nos.environ.get("MODEL_SEED", 2)\n', (None, "MODEL_SEED", 2)),
        ('import argparse as a\na.ArgumentParser().add_argument("--seed")\n', ("--seed", None, 0)),
    ],
)
def test_the_seed_is_an_option_or_a_variable(code: str, seed: tuple[str | None, str | None, int]) -> None:
    found = proposed({"train.py": code}).seed
    assert found is not None
    assert (found.arg, found.env, found.value) == seed


@pytest.mark.parametrize("code", ["print(1)\n", 'import os\nos.getenv("PYTHONHASHSEED")\n'])
def test_no_seed_is_invented(code: str) -> None:
    assert proposed({"train.py": code}).seed is None


def test_a_notebook_is_read_as_python_without_its_magic() -> None:
    found = proposed({"look.ipynb": NOTEBOOK})
    assert found.seed is not None
    assert (found.seed.env, found.seed.value, str(found.seed.place)) == ("SEED", 4, "look.ipynb")
    assert any("papermill" in each.what for each in found.left)


GENERATED = {
    "chi/0_create_buckets.ipynb": "{}",
    "chi/1_create_server_nvidia.ipynb": "{}",
    "docker/Dockerfile.mlflow": "FROM ghcr.io/mlflow/mlflow:v3.0.0\n",
    "docker/Dockerfile.jupyter-cuda-pt": "FROM quay.io/jupyter/pytorch-notebook:cuda11-latest\n",
    "docker/docker-compose.yml": "services:\n  jupyter:\n    runtime: nvidia\n",
    "docker/requirements.txt": "datasets\ntransformers\n",
    "utils/mlflow_log.py": "import mlflow\n",
    "src/.gitkeep": "",
    "src/Pytorch_manual_log_example.py": "import mlflow\nfrom utils.mlflow_log import log_git\n",
    "notebooks/Pytorch_manual_log_example.ipynb": NOTEBOOK,
}


def test_reprogens_layout_as_it_was_generated_is_taken_and_what_is_missing_is_named() -> None:
    found = proposed(GENERATED)
    assert found.entry.argv == ("python", "-m", "src.Pytorch_manual_log_example")
    left = {str(each.place): each.what for each in found.left}
    assert "is the example that the template brings" in left["src/Pytorch_manual_log_example.py"]
    assert "imports mlflow" in left["utils/mlflow_log.py"]
    assert "`datasets` does not name one version" in left["docker/requirements.txt:1"]
    assert "a GPU is used here" in left["docker/docker-compose.yml:3"]
    assert spec_of(GENERATED).environment.lock is None


def test_reprogens_notebook_is_taken_where_there_is_no_script() -> None:
    files = {path: text for path, text in GENERATED.items() if not path.endswith("example.py")}
    assert proposed(files).entry.script == "notebooks/Pytorch_manual_log_example.ipynb"
