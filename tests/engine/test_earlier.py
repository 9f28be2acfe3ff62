"""A report says how the experiment came out before."""

from functools import partial

import pytest
from tests.engine.harness import FILES, Controller, Outside, measured
from tests.fakes.runner import FakeJob

from reprise.domain.forge import OnCommit
from reprise.domain.run import Reason
from reprise.ports import JobRequest

VALUES = (0.9324, None, 0.9310, 0.9401)


@pytest.fixture
def reports(controller: Controller, outside: Outside) -> list[str]:
    """Of tags with a commit each; where there is no value the job breaks."""
    repository = outside.repository()
    found = []
    for number, value in enumerate(VALUES):
        sha = outside.tag(repository, f"v{number}", {**FILES, "README": str(number)})
        outside.runner.script = partial(job, value)
        controller.told_tag(repository, f"v{number}")
        controller.work()
        [comment] = outside.comments(repository, OnCommit(sha))
        found.append(comment.body)
    return found


def job(value: float | None, _: JobRequest) -> FakeJob:
    return FakeJob(reason=Reason.COMMAND_FAILED, exit_code=3) if value is None else measured(value)


def test_the_first_run_has_nothing_before_it(reports: list[str]) -> None:
    assert "Earlier runs" not in reports[0]


def test_earlier_values_stand_beside_the_new_one_without_those_that_had_none(reports: list[str]) -> None:
    assert "<summary>Earlier runs (2)</summary>" in reports[3]
    assert any(line.startswith("| accuracy ") and "| ▂▁█ " in line for line in reports[3].split("\n"))
    assert "`v0`" in reports[3]
    assert "`v2`" in reports[3]
    assert "`v1`" not in reports[3]
