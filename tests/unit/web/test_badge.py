"""Badges: which run they show, and that nobody learns from one what is not public."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.unit.web import runs as make
from tests.unit.web.site import Site

from reprise.domain.badge import render_badge
from reprise.domain.run import Judgement, Standing
from reprise.store import repositories

ADDRESS = "/badge/Codertocat/Hello-World.svg"
UNKNOWN = render_badge(None)


async def test_it_shows_the_newest_tag_to_everybody(site: Site) -> None:
    make.ended(site, make.NOT_REPRODUCED, "r1")
    make.ended(site, make.REPRODUCED, "r2")
    public(site)
    reply = await ask(site)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert "reproduced, level B" in reply.text
    assert "2 cores" in reply.text
    assert make.commit(site)[:7] in reply.text


async def test_it_names_the_processor_where_that_was_recorded(site: Site) -> None:
    run_id = make.ended(site, make.REPRODUCED)
    public(site)
    folder = site.world.folders.trial(run_id, 0, 1)
    (folder / "environment.json").write_text('{"cpu": {"model": "AMD EPYC 9V74 80-Core Processor"}}')
    assert "· AMD EPYC 9V74, 2 cores ·" in (await ask(site)).text


async def test_owner_and_name_may_be_written_as_people_write_them(site: Site) -> None:
    make.ended(site, make.REPRODUCED)
    public(site)
    assert (await ask(site, "/badge/codertocat/hello-world.svg")).text == (await ask(site)).text != UNKNOWN


async def test_one_asks_for_a_tag_and_for_an_experiment(site: Site) -> None:
    make.ended(site, make.NOT_REPRODUCED, "r1")
    finished(site, make.REPRODUCED, "r2", ref="v2.0")
    finished(site, make.INCONCLUSIVE, "r3", experiment="other", spec_file=".reprise/other.yaml")
    public(site)
    assert "not reproduced" in (await ask(site, f"{ADDRESS}?ref=v1.0&experiment=table-2")).text
    assert "reproduced, level B" in (await ask(site)).text
    assert "reprise/other" in (await ask(site, f"{ADDRESS}?experiment=other")).text
    assert (await ask(site, f"{ADDRESS}?experiment=nothing")).text == UNKNOWN
    assert (await ask(site, f"{ADDRESS}?ref=v3.0")).text == UNKNOWN


@pytest.mark.parametrize(
    "fields",
    [{"pull_request": 7}, {"claims": ("accuracy",)}, {"untrusted": True}],
    ids=lambda fields: next(iter(fields)),
)
async def test_what_says_nothing_about_the_repository_is_not_shown(
    site: Site, fields: dict[str, object]
) -> None:
    finished(site, make.REPRODUCED, "r1", **fields)
    public(site)
    assert (await ask(site)).text == UNKNOWN


@pytest.mark.parametrize("judgement", [make.CANCELLED, make.BROKEN_MACHINE], ids=["stopped", "lost"])
async def test_a_run_without_an_answer_does_not_hide_the_last_answer(
    site: Site, judgement: Judgement
) -> None:
    make.ended(site, make.REPRODUCED, "r1")
    finished(site, judgement, "r2")
    make.queued(site, "r3")
    public(site)
    assert "reproduced, level B" in (await ask(site)).text


async def test_a_repository_that_has_to_be_mended_is_an_answer(site: Site) -> None:
    make.ended(site, make.REPRODUCED, "r1")
    finished(site, make.PYTHON_MISSING, "r2")
    public(site)
    assert "could not be run" in (await ask(site)).text


async def test_private_lost_unknown_and_unjudged_repositories_answer_alike(site: Site) -> None:
    """With the token too: what a picture shows must not depend on who looks."""
    make.ended(site, make.REPRODUCED)
    answers = [await ask(site), await ask(site, "/badge/nobody/nothing.svg")]
    async with site.client() as client:
        answers.append(await client.get(ADDRESS))
    for standing in (Standing.REMOVED, Standing.SUSPENDED, Standing.DELETED):
        public(site, standing)
        answers.append(await ask(site))
    assert {reply.text for reply in answers} == {UNKNOWN}
    assert len({(reply.status_code, tuple(reply.headers.items())) for reply in answers}) == 1


async def test_it_is_fetched_again_only_when_it_changed(site: Site) -> None:
    make.ended(site, make.NOT_REPRODUCED, "r1")
    public(site)
    first = await ask(site)
    assert first.headers["cache-control"] == "public, max-age=60"
    again = await ask(site, etag=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    finished(site, make.REPRODUCED, "r2")
    assert (await ask(site, etag=first.headers["etag"])).status_code == 200


async def test_opened_alone_it_can_do_nothing(site: Site) -> None:
    reply = await ask(site)
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_a_question_that_is_not_understood_is_refused_whatever_the_repository(site: Site) -> None:
    make.ended(site, make.REPRODUCED)
    answers = [await ask(site, f"{where}?tag=v1.0") for where in (ADDRESS, "/badge/nobody/nothing.svg")]
    assert {reply.status_code for reply in answers} == {400}
    assert len({reply.text for reply in answers}) == 1


def public(site: Site, standing: Standing = Standing.ACTIVE) -> None:
    with site.store.write() as connection:
        repositories.remember(connection, replace(make.REPOSITORY, public=True, standing=standing))


def finished(site: Site, judgement: Judgement, name: str, **fields: Any) -> None:
    make.finish(site, make.queued(site, name, **fields), judgement)


async def ask(site: Site, address: str = ADDRESS, *, etag: str | None = None) -> httpx.Response:
    """As the picture proxy of a forge does."""
    async with site.client("192.0.2.7", base_url="https://reprise.example", token=None) as client:
        return await client.get(address, headers={"If-None-Match": etag} if etag else {})
