"""What an image is made from, and with which Python."""

from dataclasses import replace

import pytest

from reprise.domain import pins
from reprise.domain.image import Kind
from reprise.domain.images.pythons import Unknown, Wanted, wanted
from reprise.domain.images.sources import Absent, Source, detect, kind_of
from reprise.domain.spec.model import EnvironmentRule, Network

RULE = EnvironmentRule(None, None, Network.FETCH_ONLY)


def found(*files: str, rule: EnvironmentRule = RULE) -> Source:
    source = detect(rule, lambda path: path in files)
    assert isinstance(source, Source), source
    return source


def test_the_order_is_that_of_every_backend() -> None:
    for index, name in enumerate(pins.DETECTED):
        assert found(*pins.DETECTED[index:], "environment.yml", "pyproject.toml").path == name


@pytest.mark.parametrize(
    ("files", "kind", "path"),
    [
        (("uv.lock",), Kind.UV_LOCK, "uv.lock"),
        (("pixi.lock",), Kind.PIXI_LOCK, "pixi.lock"),
        (("conda-lock.yml",), Kind.CONDA_LOCK, "conda-lock.yml"),
        (("requirements.txt",), Kind.REQUIREMENTS, "requirements.txt"),
        (("Dockerfile", "apt.txt"), Kind.DOCKERFILE, "Dockerfile"),
        (("binder/environment.yml", "pyproject.toml"), Kind.REES, "binder/environment.yml"),
        (("binder/Dockerfile", "binder/environment.yml"), Kind.DOCKERFILE, "binder/Dockerfile"),
        (("environment.yml", "pyproject.toml"), Kind.CONDA, "environment.yml"),
        (("pyproject.toml",), Kind.PYPROJECT, "pyproject.toml"),
        (("requirements.txt", "apt.txt"), Kind.REES, "requirements.txt"),
        (("apt.txt",), Kind.REES, "apt.txt"),
    ],
)
def test_detection(files: tuple[str, ...], kind: Kind, path: str) -> None:
    source = found(*files)
    assert (source.kind, source.path) == (kind, path)


def test_files_beside_take_part() -> None:
    assert found("binder/requirements.txt", "binder/apt.txt", "apt.txt").beside == ("binder/apt.txt",)


def test_what_the_spec_says_counts() -> None:
    files = (*pins.DETECTED, "other/Containerfile")
    assert found(*files, rule=replace(RULE, dockerfile="other/Containerfile")).kind is Kind.DOCKERFILE
    assert found(*files, rule=replace(RULE, lock="pixi.lock")).kind is Kind.PIXI_LOCK
    assert found(*files, rule=replace(RULE, image="a@b")) == Source(Kind.IMAGE, "a@b")


@pytest.mark.parametrize("rule", [replace(RULE, dockerfile="D"), replace(RULE, lock="l.txt"), RULE])
def test_what_is_absent_is_named(rule: EnvironmentRule) -> None:
    absent = detect(rule, lambda path: False)
    assert isinstance(absent, Absent)
    assert (rule.dockerfile or rule.lock or "uv.lock") in absent.message
    assert "commit" in absent.message


def test_every_name_has_a_kind() -> None:
    assert {kind_of(path) for path in pins.DETECTED} == {
        Kind.UV_LOCK,
        Kind.PIXI_LOCK,
        Kind.CONDA_LOCK,
        Kind.REQUIREMENTS,
        Kind.DOCKERFILE,
    }


@pytest.mark.parametrize(
    ("declared", "files", "version"),
    [
        (None, {}, "3.12"),
        ("3.10", {".python-version": "3.9"}, "3.10"),
        (None, {".python-version": "# x\n3.9.2\n", "pyproject.toml": ""}, "3.9.2"),
        (None, {"runtime.txt": "python-3.10"}, "3.10"),
        (None, {"pyproject.toml": "[project]\nrequires-python = '>=3.10'"}, "3.12"),
        (None, {"pyproject.toml": "[project]\nrequires-python = '>=3.9,<3.12'"}, "3.11"),
        (None, {"pyproject.toml": "[project]\nrequires-python = '==3.10.*'"}, "3.10"),
        (None, {"pyproject.toml": "[project]\nrequires-python = '~=3.9.1'"}, "3.9"),
        (None, {"pyproject.toml": "[project]\nrequires-python = '>3.12,!=3.14.*'"}, "3.13"),
    ],
)
def test_the_python_of_an_image(declared: str | None, files: dict[str, str], version: str) -> None:
    chosen = wanted(declared, files, "3.12")
    assert isinstance(chosen, Wanted)
    assert chosen.version == version


@pytest.mark.parametrize("request_", ["2.7", "/usr/bin/python", "<3.5", "3.11 || 3.12"])
def test_a_python_that_cannot_be_had_is_named_with_who_asked(request_: str) -> None:
    unknown = wanted(None, {".python-version": request_}, "3.12")
    assert isinstance(unknown, Unknown)
    assert f"`{request_}` (.python-version)" in unknown.message
