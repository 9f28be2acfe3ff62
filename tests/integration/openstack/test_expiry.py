"""A lease that ends under a job: the run says so, and nothing is left of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration.docker.box import Box
from tests.integration.openstack.asking import STAMP
from tests.integration.openstack.box import CloudBox
from tests.integration.openstack.leased import CPU, WAITS, Researcher, nodes_of, said_until, spec
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
    """As when a job takes longer than its lease lasts."""
    soon = datetime.now(UTC) + timedelta(seconds=60)
    with cloud.person() as api:
        [lease] = api.get("blazar", "/leases")["leases"]
        api.put("blazar", f"/leases/{lease['id']}", {"end_date": soon.strftime(STAMP)})
