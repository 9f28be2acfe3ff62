"""What a monitoring system scrapes: the numbers are those of the rows, and the labels are ours."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.deliveries import tag_created
from tests.fakes.clock import START
from tests.unit.web import runs as make
from tests.unit.web.site import WATCHED, Site

from reprise.domain.run import RunId

Samples = dict[tuple[str, tuple[str, ...]], float]


async def _scrape(site: Site) -> Samples:
    """(name, label values in the order of the label names) → value"""
    async with site.client() as client:
        reply = await client.get("/metrics")
    assert reply.status_code == 200
    families = text_string_to_metric_families(reply.text)
    return {
        (sample.name, tuple(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
    }


async def test_an_empty_controller_has_zeros_not_gaps(site: Site) -> None:
    found = await _scrape(site)
    assert found["reprise_runs_waiting", ()] == 0
    assert found["reprise_oldest_waiting_seconds", ()] == 0
    assert found["reprise_runs_live", ("running",)] == 0
    assert found["reprise_phase_duration_seconds_count", ("running",)] == 0
    assert found["reprise_repositories_unswept", ()] == 1
    assert ("reprise_sweep_age_seconds", ()) not in found
    assert found["reprise_database_bytes", ()] == site.store.size() > 4096


async def test_runs_are_counted_by_verdict_and_reason(site: Site) -> None:
    make.ended(site, make.REPRODUCED, "r1")
    make.ended(site, make.REPRODUCED, "r2")
    make.ended(site, make.PYTHON_MISSING, "r3")
    found = await _scrape(site)
    assert found["reprise_runs_total", ("completed", "reproduced")] == 2
    assert found["reprise_runs_total", ("python_missing", "not_run")] == 1


async def test_what_waits_and_what_lives_is_shown_with_its_age(site: Site) -> None:
    make.running(site, "r1")
    make.queued(site, "r2")
    make.queued(site, "r3")
    found = await _scrape(site)
    assert found["reprise_runs_live", ("running",)] == 1
    assert found["reprise_runs_waiting", ()] == 2
    assert found["reprise_oldest_waiting_seconds", ()] == 10


async def test_phases_are_counted_once_and_only_after_their_run_has_ended(site: Site) -> None:
    make.running(site)
    site.clock.advance(60)
    assert (await _scrape(site))["reprise_phase_duration_seconds_count", ("running",)] == 0
    make.end_trial(site, RunId("r1"))
    make.finish(site, RunId("r1"), make.REPRODUCED)
    site.clock.advance(-56)  # its end is two seconds old
    assert (await _scrape(site))["reprise_phase_duration_seconds_count", ("running",)] == 0


async def test_the_duration_of_a_phase_lies_between_its_start_and_the_next(site: Site) -> None:
    await _scrape(site)
    make.ended(site, make.REPRODUCED)
    site.clock.advance(60)
    for _ in range(2):
        found = await _scrape(site)
        assert found["reprise_phase_duration_seconds_count", ("running",)] == 1
        assert found["reprise_phase_duration_seconds_sum", ("running",)] == 7
        assert found["reprise_phase_duration_seconds_sum", ("building",)] == 4
        assert found["reprise_phase_duration_seconds_sum", ("queued",)] == 1


async def test_the_age_of_the_sweep_is_that_of_the_oldest(site: Site) -> None:
    site.sweeps.done[WATCHED] = START
    site.clock.advance(90)
    found = await _scrape(site)
    assert found["reprise_sweep_age_seconds", ()] == 90
    assert found["reprise_repositories_unswept", ()] == 0


async def test_deliveries_are_counted_by_what_came_of_them(site: Site) -> None:
    tag = tag_created()
    await site.deliver(tag, "guid-1")
    await site.deliver(tag, "guid-1")
    await site.deliver(tag, "guid-2", headers={"X-Hub-Signature-256": "sha256=" + "0" * 64})
    await site.deliver(tag, "")
    found = await _scrape(site)
    assert found["reprise_deliveries_total", ("create", "trigger")] == 1
    assert found["reprise_deliveries_total", ("create", "known")] == 1
    assert found["reprise_deliveries_total", ("create", "bad_signature")] == 1
    assert found["reprise_deliveries_total", ("create", "malformed")] == 1


async def test_what_strangers_name_never_becomes_a_label(site: Site) -> None:
    async with site.client("192.0.2.7", base_url="https://reprise.example") as client:
        for number in range(50):
            await client.post("/webhooks/github", headers={"x-github-event": f"evil{number}"})
    make.ended(site, make.REPRODUCED)
    found = await _scrape(site)
    counted = {labels for name, labels in found if name == "reprise_deliveries_total"}
    assert counted == {("other", "bad_signature")}
    assert not any("hello" in label.lower() for _, labels in found for label in labels)


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::1"])
async def test_only_this_machine_may_scrape_without_a_token(site: Site, host: str) -> None:
    async with site.client(host) as client:
        reply: httpx.Response = await client.get("/metrics")
    assert reply.status_code == 403
