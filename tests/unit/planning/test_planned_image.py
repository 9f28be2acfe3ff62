"""`reprise plan` of what would run in an image: nothing is missing that only another backend would miss."""

from pathlib import Path

import pytest
from tests.repositories import make_repository

from reprise.cli import invoke

SPEC = "version: 1\nrun: {{command: [python, train.py]}}\n{}"
FILES = {"Dockerfile": "FROM python:3.11\n", "train.py": "...\n", "LICENSE": "MIT\n"}


def planned(folder: Path, capsys: pytest.CaptureFixture[str], environment: str = "") -> str:
    make_repository(folder / "paper", {**FILES, "reprise.yaml": SPEC.format(environment)})
    assert invoke(["plan", str(folder / "paper")]) == 0
    return capsys.readouterr().out


def test_a_dockerfile_alone_goes_to_docker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_BACKENDS", "process,docker")
    said = planned(tmp_path, capsys)
    assert "backend     docker" in said
    assert (
        "pins        Dockerfile, weak: it builds on python:3.11 without a digest; the Python of the image"
        in said
    )
    assert "missing" not in said


def test_what_would_be_built_is_shown_as_it_would_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_BACKENDS", "docker")
    files = {"binder/environment.yml": "dependencies: [numpy=2.2]\n", "binder/runtime.txt": "python-3.11\n"}
    make_repository(tmp_path / "paper", {**files, "train.py": "...\n", "reprise.yaml": SPEC.format("")})
    assert invoke(["plan", str(tmp_path / "paper")]) == 0
    said = capsys.readouterr().out
    assert "pins        binder/environment.yml, weak: binder/environment.yml is solved anew each time" in said
    assert "Python 3.11 (runtime.txt)" in " ".join(said.split())
    assert "\n              FROM " in said or "image       FROM " in said
    assert "no lock file" not in said


def test_a_ready_image_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_BACKENDS", "process,docker")
    image = f"ghcr.io/ada/paper@sha256:{'a' * 64}"
    said = planned(tmp_path, capsys, f"environment: {{image: '{image}'}}\n")
    assert "backend     docker" in said
    assert "the image ghcr.io/ada/paper@sha256:" in " ".join(said.split())


def test_where_there_is_no_docker_the_plan_says_what_would_help(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = planned(tmp_path, capsys, "environment: {dockerfile: Dockerfile}\n")
    assert "backend     none of this controller" in said
    assert "REPRISE_BACKENDS" in said
