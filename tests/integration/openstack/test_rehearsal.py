"""`reprise run --backend chameleon`: a lease, a job in a container there, a verdict, nothing left."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.docker.box import Box
from tests.integration.openstack.box import CloudBox
from tests.integration.openstack.leased import (
    CPU,
    GPU,
    SLICE,
    VIRTUAL_SITE,
    FirstIsShort,
    Researcher,
    nodes_of,
    spec,
)


@pytest.fixture
def researcher(cloud_box: CloudBox, box: Box, tmp_path: Path) -> Researcher:
    return Researcher(cloud_box, box, tmp_path)


def test_a_lease_runs_the_job_and_nothing_is_left(cloud_box: CloudBox, researcher: Researcher) -> None:
    with nodes_of(cloud_box, researcher.box):
        outcome = researcher.runs(spec(CPU))
    assert outcome.code == 0, outcome.err + outcome.out
    assert outcome.result["verdict"] == "reproduced"
    assert cloud_box.left_over() == []
    [charge] = [one for one in cloud_box.charges() if one["ongoing"] is False]
    assert charge["rate"] == 1.0


def test_a_machine_one_gpu_short_is_replaced_by_the_other(
    cloud_box: CloudBox, researcher: Researcher
) -> None:
    dress = FirstIsShort()
    with nodes_of(cloud_box, researcher.box, dress):
        outcome = researcher.runs(spec(GPU, gpus=1))
    assert outcome.code == 0, outcome.err + outcome.out
    assert outcome.result["verdict"] == "reproduced"
    assert sorted(dress.hosts) == ["gpu-1", "gpu-2"]
    assert len(cloud_box.charges()) == 2
    cost = outcome.result["cost"]
    faults = [lease.get("fault") for lease in cost["leases"]]
    assert faults.count(None) == 1, cost
    assert any("No devices were found" in (fault or "") for fault in faults), cost
    assert cost["faults_su"] > 0
    assert cloud_box.left_over() == []


def test_a_slice_of_a_gpu_is_leased_as_a_flavor(cloud_box: CloudBox, researcher: Researcher) -> None:
    with nodes_of(cloud_box, researcher.box):
        virtual = replace(researcher, site=VIRTUAL_SITE)
        outcome = virtual.runs(spec(SLICE, gpus=1), root_gb="null")
    assert outcome.code == 0, outcome.err + outcome.out
    assert outcome.result["verdict"] == "reproduced"
    assert cloud_box.left_over() == []
