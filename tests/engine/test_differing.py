"""A run that missed is compared with a committed record, else with an earlier run that reproduced."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Any

import pytest
from tests.engine.harness import FILES, SPEC, Controller, Files, Outside, measured
from tests.fakes.runner import FakeJob

from reprise.domain.forge import OnCommit
from reprise.ports import JobRequest

HASWELL: dict[str, Any] = {"blas": [{"library": "openblas", "architecture": "Haswell"}]}
ZEN: dict[str, Any] = {"blas": [{"library": "openblas", "architecture": "Zen"}], "os": {"kernel": "6.8"}}
SECTION = "<summary>Why it may differ</summary>"
REFERENCE = "reference: {environment: results/environment.json}\n"


def committed(record: str) -> Files:
    return {
        **FILES,
        "reprise.yaml": f"{SPEC}{REFERENCE}",
        "results/environment.json": record,
    }


Report = Callable[..., str]


def job(values: Iterator[float], record: dict[str, Any], _: JobRequest) -> FakeJob:
    return replace(measured(next(values)), environment=record)


@pytest.fixture
def told(controller: Controller, outside: Outside) -> Report:
    """(tag, a value or one for each trial, record, files) → the report on its commit"""
    repository = outside.repository()

    def report(
        tag: str, value: float | tuple[float, ...], record: dict[str, Any], files: Files = FILES
    ) -> str:
        values = value if isinstance(value, tuple) else (value,)
        sha = outside.tag(repository, tag, {**files, "README": tag})
        outside.runner.script = partial(job, cycle(values), record)
        controller.told_tag(repository, tag)
        controller.work()
        [comment] = outside.comments(repository, OnCommit(sha))
        return comment.body

    return report


def test_a_run_that_reached_its_bar_explains_nothing(told: Report) -> None:
    assert SECTION not in told("v1", 0.93, HASWELL, committed(json.dumps(HASWELL)))


def test_a_miss_is_compared_with_the_committed_record(told: Report) -> None:
    text = told("v1", 0.5, ZEN, committed(json.dumps(HASWELL)))
    assert SECTION in text
    assert "Compared with the committed record results/environment.json" in text
    assert "1. **BLAS kernel**: `blas.openblas.architecture` `Haswell` → `Zen`" in text


def test_without_one_it_is_compared_with_the_newest_run_that_reproduced(told: Report) -> None:
    told("v1", 0.93, {"blas": [{"library": "openblas", "architecture": "Prescott"}]})
    told("v2", 0.93, HASWELL)
    told("v3", 0.5, {"blas": [{"library": "openblas", "architecture": "Sandybridge"}]})
    text = told("v4", 0.5, ZEN)
    assert "the newest before that reproduced" in text
    assert "`blas.openblas.architecture` `Haswell` → `Zen`" in text


def test_without_any_of_them_it_says_how_to_commit_a_record(told: Report) -> None:
    text = told("v1", 0.5, ZEN)
    assert "There is no environment to compare with" in text
    assert "`reference: {environment: results/environment.json}`" in text


SCATTERED = {
    **FILES,
    "reprise.yaml": SPEC.replace(
        'published: {value: "0.93"}\n',
        'published: {value: "0.93"}\n    compare: {mode: distribution, margin: "0.01"}\n',
    ),
}


def test_where_only_scatter_leaves_it_open_and_nothing_can_be_compared_there_is_no_section(
    told: Report,
) -> None:
    text = told("v1", (0.90, 0.93, 0.96), ZEN, SCATTERED)
    assert "### wine: inconclusive" in text
    assert SECTION not in text


def test_a_committed_record_that_cannot_be_used_is_the_specs_fault_and_nothing_is_run(told: Report) -> None:
    text = told("v1", 0.5, ZEN, committed('{"blas": ['))
    assert "could not be run" in text
    assert SECTION not in text


def test_a_committed_record_that_is_no_record_is_named_and_an_earlier_run_serves(told: Report) -> None:
    told("v1", 0.93, HASWELL)
    text = told("v2", 0.5, ZEN, committed('{"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}'))
    assert (
        "The committed record cannot be used: results/environment.json is not an environment record" in text
    )
    assert "the newest before that reproduced" in text
