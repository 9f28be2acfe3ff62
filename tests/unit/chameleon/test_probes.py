"""What a site does where its documentation leaves that open."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx
from tests.unit.chameleon.answers import Answers

from reprise.adapters.chameleon.probes import Probes


@pytest.fixture
def probes(site: Answers) -> Probes:
    site.sign_in()
    return Probes(site.cloud().session, public="https://hardware.example")


def test_the_site_s_clock_is_compared_with_ours(site: Answers, probes: Probes) -> None:
    told = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    site.add("GET", "reservation", "/leases", {"leases": []}, headers={"Date": told})
    ahead = probes.clock_ahead()
    assert ahead is not None
    assert 295 < ahead < 305


@pytest.mark.parametrize(("cut", "pages"), [(1, True), (2, False)])
def test_a_service_that_heeds_a_limit_tells_leases_in_pages(
    site: Answers, probes: Probes, cut: int, pages: bool
) -> None:
    url = f"{site.url('reservation')}/leases"
    site.mock.get(url, json={"leases": [{}, {}]})
    site.mock.get(url, json={"leases": [{}] * cut})
    assert probes.leases_come_in_pages() is pages


def test_limits_that_are_told_are_shown(site: Answers, probes: Probes) -> None:
    site.add("GET", "reservation", "/leases", {"leases": []}, headers={"X-RateLimit-Limit": "60"})
    assert probes.told_limits() == ("X-RateLimit-Limit: 60",)


@pytest.mark.parametrize(("told", "most"), [(10, 10), (-1, None)])
def test_a_quota_below_zero_is_none(site: Answers, probes: Probes, told: int, most: int | None) -> None:
    site.add("GET", "network", "/quotas/p1", {"quota": {"floatingip": told}})
    assert probes.floating_addresses() == most


@respx.mock
def test_the_public_calendar_is_asked_for_the_site(probes: Probes) -> None:
    route = respx.get("https://hardware.example/sites/uc/availability").respond(200, json=[])
    assert "without a credential" in probes.public_availability()
    route.respond(404)
    assert "404" in probes.public_availability()
    route.mock(side_effect=httpx.ConnectError("down"))
    assert "does not answer (ConnectError), which runs do not need" in probes.public_availability()


def test_a_site_of_somebody_else_s_is_told_to_nobody(site: Answers) -> None:
    site.site = "CHI@Home"
    site.sign_in()
    assert "no site of Chameleon's" in Probes(site.cloud().session).public_availability()
