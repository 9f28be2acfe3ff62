"""Another class of hardware is told wherever the verdict is."""

from dataclasses import replace
from typing import Any

import pytest
from tests.engine.harness import Controller, Outside, measured, spec_with

from reprise.domain.forge import OnCommit
from reprise.domain.run import HardwareComparison, Verdict

SPEC = spec_with({"claims:": 'reference: {hardware: {gpu: "A100-80GB"}}\nclaims:'})


@pytest.mark.parametrize(
    ("record", "ran_on", "same"),
    [
        ({}, "cpu only", False),
        ({"gpu": [], "missing": {"gpu": "no NVIDIA driver here"}}, "cpu only", False),
        ({"gpu": [{"name": "NVIDIA A100 80GB PCIe"}]}, "1 × NVIDIA A100 80GB PCIe", True),
        ({"gpu": [{"name": "NVIDIA H200"}] * 2}, "2 × NVIDIA H200", False),
    ],
)
def test_the_machine_is_known_by_the_first_trials_record(
    controller: Controller, outside: Outside, record: dict[str, Any], ran_on: str, same: bool
) -> None:
    outside.runner.script = lambda job: replace(measured(0.93), environment=record)
    repository = outside.repository()
    sha = outside.tag(repository, "v1", SPEC)
    controller.told_tag(repository, "v1")
    controller.work()
    judgement = controller.run().judgement
    assert judgement is not None
    assert judgement.verdict is Verdict.REPRODUCED
    assert judgement.hardware == HardwareComparison("1 × A100-80GB", ran_on, same)
    [comment] = outside.comments(repository, OnCommit(sha))
    assert ("Another class of hardware" in comment.body) is not same
    standing = outside.statuses(repository, sha)
    del standing["reprise/wine/artifacts"]
    for status in standing.values():
        assert (f"; published on 1 × A100-80GB, run on {ran_on}" in status.description) is not same
