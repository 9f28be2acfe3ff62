"""What every Builder promises, asked of the real process backend and of the fake."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests import jobs, packages
from tests.fakes.builder import FakeBuilder

from reprise.adapters.process.builder import ProcessBuilder
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import EnvironmentRule, Network
from reprise.ports import Builder, BuildRequest, Built, Failed


@pytest.fixture(params=["process", "fake"])
def builder(request: pytest.FixtureRequest, tmp_path: Path) -> Builder:
    if request.param == "fake":
        return FakeBuilder({"tinyone": "1.0"})
    return ProcessBuilder(uv=packages.UV, cache=tmp_path / "cache", system=packages.SYSTEM)


def asked(tree: Path, *, lock: str | None = None, python: str | None = None) -> BuildRequest:
    tree.mkdir(parents=True, exist_ok=True)
    spec = replace(jobs.spec(), environment=EnvironmentRule(lock, python, Network.FETCH_ONLY))
    return BuildRequest(RunId("run-1"), tree, spec, tree.parent / "log" / "build.log")


def built(result: Built | Failed) -> Built:
    assert isinstance(result, Built), result
    return result


def failed(result: Built | Failed) -> Failed:
    assert isinstance(result, Failed), result
    return result


def test_a_locked_environment_is_built_and_described(builder: Builder, tmp_path: Path) -> None:
    packages.hashed_project(tmp_path / "run" / "tree")
    request = asked(tmp_path / "run" / "tree")
    result = built(builder.build(request))
    assert result.lock == "requirements.txt"
    assert result.lock_sha256 == sha256((request.tree / "requirements.txt").read_bytes()).hexdigest()
    assert result.python.startswith("3.")
    assert result.packages["tinyone"] == "1.0"
    assert (result.weak, result.layer) == (None, None)
    assert request.log.read_text()


def test_the_same_lock_is_the_same_environment(builder: Builder, tmp_path: Path) -> None:
    for run in ("one", "two"):
        packages.hashed_project(tmp_path / run / "tree")
    first = built(builder.build(asked(tmp_path / "one" / "tree")))
    assert built(builder.build(asked(tmp_path / "one" / "tree"))) == first
    assert built(builder.build(asked(tmp_path / "two" / "tree"))) == first


def test_another_lock_is_another_environment(builder: Builder, tmp_path: Path) -> None:
    packages.hashed_project(tmp_path / "one" / "tree", "tinyone")
    packages.hashed_project(tmp_path / "two" / "tree", "tinytwo")
    first = built(builder.build(asked(tmp_path / "one" / "tree")))
    second = built(builder.build(asked(tmp_path / "two" / "tree")))
    assert first.key != second.key
    assert first.location != second.location


def test_ten_that_ask_together_get_one_environment(builder: Builder, tmp_path: Path) -> None:
    requests = []
    for number in range(10):
        packages.hashed_project(tmp_path / str(number) / "tree")
        requests.append(asked(tmp_path / str(number) / "tree"))
    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(builder.build, requests))
    assert results == [built(results[0])] * 10


def test_no_lock_says_how_to_make_one(builder: Builder, tmp_path: Path) -> None:
    result = failed(builder.build(asked(tmp_path / "run" / "tree")))
    assert result.reason is Reason.LOCK_MISSING
    assert "uv lock" in result.message


def test_a_declared_lock_that_is_absent_is_named(builder: Builder, tmp_path: Path) -> None:
    packages.hashed_project(tmp_path / "run" / "tree")
    result = failed(builder.build(asked(tmp_path / "run" / "tree", lock="requirements/gpu.txt")))
    assert result.reason is Reason.LOCK_MISSING
    assert "requirements/gpu.txt" in result.message


def test_an_absent_python_is_missing_and_those_found_are_named(builder: Builder, tmp_path: Path) -> None:
    packages.hashed_project(tmp_path / "run" / "tree")
    result = failed(builder.build(asked(tmp_path / "run" / "tree", python="3.4")))
    assert result.reason is Reason.PYTHON_MISSING
    assert "3.4" in result.message
    assert "3." in result.message.partition("3.4")[2]
