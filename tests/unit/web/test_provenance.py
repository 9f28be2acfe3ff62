"""Where a run comes from and what it cost, as people and programs read it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.fakes.clock import START
from tests.unit.web import runs as make
from tests.unit.web.site import Site

from reprise.domain.audit import Action, Deed, Unit
from reprise.domain.lint.model import Severity
from reprise.domain.lint.noticed import Linted, Noticed
from reprise.domain.run import RunId, Sha, Submodule
from reprise.store import audit, repositories

HOSTILE = "<script>alert(1)</script>"


def happened(site: Site, *actions: Action, run: str = "r1", who: str = "ada", detail: str = "tag v1") -> None:
    with site.store.write() as connection:
        for number, action in enumerate(actions):
            spent = {"amount": 12.3456, "unit": Unit.MACHINE_SECONDS} if action is Action.SPENT else {}
            deed = Deed(
                START + timedelta(seconds=number),
                action,
                who,
                make.REPOSITORY.full_name,
                RunId(run),
                delivery="guid-1" if action is Action.REQUESTED else None,
                detail=detail,
                **spent,  # type: ignore[arg-type] # of two types
            )
            audit.write(connection, deed, about=run)


async def test_a_run_tells_its_own_lines_only(site: Site) -> None:
    make.queued(site, "r1")
    make.queued(site, "r2")
    happened(site, Action.REQUESTED, Action.SPENT)
    happened(site, Action.REQUESTED, run="r2", who="bob")
    told = (await _get(site, "/api/v1/runs/r1"))["audit"]
    assert [(line["action"], line["who"], line["says"]) for line in told] == [
        ("requested", "ada", "run asked for: tag v1"),
        ("spent", "ada", "spent: 12 s of one machine"),
    ]
    assert told[0] == {
        "number": 1,
        "at": START.isoformat(),
        "action": "requested",
        "who": "ada",
        "says": "run asked for: tag v1",
        "repository": make.REPOSITORY.full_name,
        "run_id": "r1",
        "ref": None,
        "commit": None,
        "delivery": "guid-1",
        "comment_id": None,
        "amount": None,
        "unit": None,
        "detail": "tag v1",
    }
    assert (told[1]["amount"], told[1]["unit"]) == (12.346, "machine_seconds")


async def test_the_whole_audit_is_read_page_by_page(site: Site) -> None:
    for number in range(5):
        happened(site, Action.REQUESTED, run=f"r{number}")
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = await _get(site, f"/api/v1/audit?after={after}&limit=2")
        seen += [line["number"] for line in page["audit"]]
        after = page["next"]
    assert seen == [1, 2, 3, 4, 5]


async def test_the_audit_is_asked_by_person_repository_and_action(site: Site) -> None:
    happened(site, Action.REQUESTED, Action.JUDGED, run="r1", who="ada")
    happened(site, Action.REQUESTED, run="r2", who="bob")

    async def runs(query: str) -> list[str]:
        return [line["run_id"] for line in (await _get(site, f"/api/v1/audit?{query}"))["audit"]]

    assert await runs("who=bob") == ["r2"]
    assert await runs("action=judged") == ["r1"]
    assert await runs(f"repository={make.REPOSITORY.full_name}&action=requested") == ["r1", "r2"]
    assert await runs("repository=ada/none") == []
    async with site.client() as client:
        reply = await client.get("/api/v1/audit?action=stolen")
    assert reply.status_code == 400
    assert "one of requested, refused" in reply.json()["message"]


async def test_what_was_spent_is_summed_by_repository_and_person(site: Site) -> None:
    for run, who in (("r1", "ada"), ("r2", "ada"), ("r3", "bob")):
        happened(site, Action.SPENT, run=run, who=who)
    unit = {"repository": make.REPOSITORY.full_name, "unit": "machine_seconds"}
    assert await _get(site, "/api/v1/spent") == {
        "spent": [
            {**unit, "who": "ada", "amount": 24.691, "runs": 2},
            {**unit, "who": "bob", "amount": 12.346, "runs": 1},
        ]
    }
    assert [each["who"] for each in (await _get(site, "/api/v1/spent?who=bob"))["spent"]] == ["bob"]


async def test_the_run_page_ends_with_who_did_what_when(site: Site) -> None:
    make.ended(site, make.REPRODUCED)
    happened(site, Action.REQUESTED, Action.MACHINE_TAKEN, who=HOSTILE, detail=HOSTILE)
    async with site.client() as client:
        page = (await client.get("/runs/r1")).text
    table = page[page.index("Who did what, when") :]
    assert "2026-01-01 00:00:00" in table
    assert "run asked for" in table
    assert "delivery guid-1" in table
    assert "<script" not in page


async def test_submodules_stand_in_the_page_and_in_the_json(site: Site) -> None:
    lib = Submodule("vendor/lib", "https://forge.test/ada/lib.git", Sha("d" * 40))
    make.ended(site, make.REPRODUCED, submodules=(lib,))
    assert (await _get(site, "/api/v1/runs/r1"))["submodules"] == [
        {"path": "vendor/lib", "url": lib.url, "commit": lib.commit}
    ]
    async with site.client() as client:
        page = (await client.get("/runs/r1")).text
    assert f"vendor/lib at <code>ddddddd</code> of {lib.url}" in page


async def test_what_was_found_in_the_repository_stands_in_the_page_and_in_the_json(site: Site) -> None:
    error = Noticed(
        "RX32", Severity.ERROR, "train.py", 12, f"the path {HOSTILE} is absolute", "write it anew"
    )
    make.ended(site, make.REPRODUCED, linted=Linted((error,), errors=1))
    (found,) = (await _get(site, "/api/v1/runs/r1"))["findings"]
    assert (found["rule"], found["severity"], found["line"]) == ("RX32", "error", 12)
    async with site.client() as client:
        page = (await client.get("/runs/r1")).text
    assert "<summary>1 error</summary>" in page
    assert "RX32 at <code>train.py:12</code>: the path &lt;script" in page
    assert "is absolute. Write it anew." in page


async def test_what_nobody_looked_for_is_not_called_clean(site: Site) -> None:
    make.ended(site, make.REPRODUCED)
    assert (await _get(site, "/api/v1/runs/r1"))["findings"] is None
    make.ended(site, make.REPRODUCED, "r2", linted=Linted())
    assert (await _get(site, "/api/v1/runs/r2"))["findings"] == []
    async with site.client() as client:
        assert "Found in the repository" not in (await client.get("/runs/r2")).text


async def test_strangers_read_no_delivery_ids(site: Site) -> None:
    make.ended(site, make.REPRODUCED)
    happened(site, Action.REQUESTED)
    with site.store.write() as connection:
        repositories.remember(connection, replace(make.REPOSITORY, public=True))
    async with site.client("192.0.2.7", token=None) as client:
        page = (await client.get("/runs/r1")).text
    assert "Who did what, when" in page
    assert "guid-1" not in page


async def _get(site: Site, path: str) -> Any:
    async with site.client() as client:
        reply = await client.get(path)
    assert reply.status_code == 200, reply.text
    return reply.json()
