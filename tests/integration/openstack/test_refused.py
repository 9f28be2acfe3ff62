"""What cannot be leased: the run ends with the sentence that says why and what helps, or waits."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.docker.box import Box
from tests.integration.openstack.asking import active_lease, hosts_wish
from tests.integration.openstack.box import CloudBox, Secret
from tests.integration.openstack.leased import CPU, GPU, Researcher, interrupted, spec
from tests.openstack.api import Api
from tests.openstack.rules import Rules
from tests.rehearsals import Outcome, finish


@pytest.fixture
def researcher(cloud_box: CloudBox, box: Box, tmp_path: Path) -> Researcher:
    return Researcher(cloud_box, box, tmp_path)


def test_a_credential_that_does_not_do_is_told_with_what_does(
    cloud_box: CloudBox, researcher: Researcher
) -> None:
    alice = cloud_box.people["alice"]
    wrong = researcher.starts(spec(CPU), secret=Secret(alice.unrestricted.id, "wrong"))
    restricted = researcher.starts(spec(GPU), secret=alice.restricted)
    refused(finish(wrong), 4, "lease_refused", "does not accept the credential")
    refused(finish(restricted), 4, "lease_refused", "with *Unrestricted* ticked")
    assert cloud_box.left_over() == []


def test_who_has_spent_everything_leases_nothing(cloud_box: CloudBox, researcher: Researcher) -> None:
    cloud_box.knobs.portal(Rules(project_sus=0.01))
    refused(researcher.runs(spec(CPU)), 3, "over_budget", "project's service units do not suffice")
    cloud_box.knobs.portal(Rules(user_sus=0.01))
    refused(researcher.runs(spec(CPU)), 3, "over_budget", "user's budget in the project does not suffice")
    limited = spec(CPU, policy="policy: {max_su_per_run: 0.01}\n")
    refused(researcher.runs(limited), 3, "over_budget", "max_su_per_run")
    assert cloud_box.charges() == []
    assert cloud_box.left_over() == []


def test_while_the_portal_is_down_a_run_waits_and_says_why(
    cloud_box: CloudBox, researcher: Researcher
) -> None:
    cloud_box.knobs.portal(Rules(down=True))
    process = researcher.starts(spec(CPU), as_json=False)
    said = interrupted(process, after="cannot count service units right now")
    assert "try again in a few minutes" in said
    assert cloud_box.left_over() == []


def test_what_is_taken_is_booked_for_later_unless_nobody_waits(
    cloud_box: CloudBox, researcher: Researcher
) -> None:
    with cloud_box.person("bob") as bob, cloud_box.person() as alice:
        ends = taken(bob)
        at_once = researcher.runs(spec(CPU), longest_wait="0")
        refused(at_once, 4, "no_capacity", CPU)
        process = researcher.starts(spec(CPU), as_json=False)
        interrupted(process, after="its lease begins at", meanwhile=lambda: booked(alice, ends))
    assert cloud_box.left_over() == []


def taken(bob: Api) -> datetime:
    """The only machine of its type, until then."""
    lease = active_lease(bob, "mine", hosts_wish(CPU), hours=2)
    return datetime.fromisoformat(lease["end_date"]).replace(tzinfo=UTC)


def booked(api: Api, after: datetime) -> None:
    """As soon as a lease that ends then leaves room for the next one."""
    [lease] = [each for each in api.get("blazar", "/leases")["leases"] if each["status"] != "TERMINATED"]
    starts = datetime.fromisoformat(lease["start_date"]).replace(tzinfo=UTC)
    assert lease["status"] == "PENDING"
    assert timedelta() <= starts - after <= timedelta(minutes=12)


def refused(outcome: Outcome, code: int, reason: str, words: str) -> None:
    result = outcome.result
    assert (outcome.code, result["reason"]) == (code, reason), outcome.out + outcome.err
    assert words in result["message"]
