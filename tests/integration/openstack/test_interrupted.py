"""Ctrl-C, whenever it comes: what was leased is given back before the command ends."""

from pathlib import Path

from tests.integration.docker.box import Box
from tests.integration.openstack.box import CloudBox
from tests.integration.openstack.leased import CPU, WAITS, Researcher, interrupted, nodes_of, spec


def test_while_the_machine_is_set_up_and_while_the_job_runs(
    cloud_box: CloudBox, box: Box, tmp_path: Path
) -> None:
    researcher = Researcher(cloud_box, box, tmp_path)
    cloud_box.knobs.boot_takes(20)
    interrupted(researcher.starts(spec(CPU), as_json=False), after="the machine is being set up")
    assert cloud_box.left_over() == []

    cloud_box.knobs.reset()
    with nodes_of(cloud_box, box):
        process = researcher.starts(spec(CPU), train=WAITS, as_json=False)
        interrupted(process, after="training\n")
        assert cloud_box.left_over() == []
    assert [one["ongoing"] for one in cloud_box.charges()] == [False, False]
