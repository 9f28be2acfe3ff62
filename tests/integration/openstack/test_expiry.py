"""A lease that ends under a job: the run says so, and nothing is left of it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration.docker.box import Box
from tests.integration.openstack.asking import STAMP, hosts_wish, lease
from tests.integration.openstack.box import CloudBox
from tests.integration.openstack.leased import CPU, WAITS, Researcher, nodes_of, said_until, spec
from tests.openstack.api import Refusal
from tests.rehearsals import finish


def test_a_lease_that_ends_during_the_job_is_told_as_such(
    cloud_box: CloudBox, box: Box, tmp_path: Path
) -> None:
    researcher = Researcher(cloud_box, box, tmp_path)
    with nodes_of(cloud_box, box):
        process = researcher.starts(spec(CPU), train=WAITS, as_json=False)
        try:
            said_until(process, "training\n")
            end_soon(cloud_box)
        finally:
            ended = finish(process, seconds=240)
    assert ended.code == 4, ended.out + ended.err
    assert "lease ended" in ended.out
    assert cloud_box.left_over() == []


def end_soon(cloud: CloudBox) -> None:
    """As when a job takes longer than its lease, and the machine is somebody else's from then on.

    Until it is, the run may have its lease extended, once.
    """
    soon = f"{datetime.now(UTC) + timedelta(seconds=90):{STAMP}}"
    with cloud.person("alice") as alice, cloud.person("bob") as bob:
        [held] = [each for each in alice.get("blazar", "/leases")["leases"] if each["status"] == "ACTIVE"]
        for _ in range(2):
            alice.put("blazar", f"/leases/{held['id']}", {"end_date": soon})
            with suppress(Refusal):
                lease(bob, "next", hosts_wish("compute_skylake"), start=soon)
                return
    raise AssertionError("the machine was never free from then on")
