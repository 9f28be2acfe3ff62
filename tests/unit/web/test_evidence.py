"""Who may have a run's package, and that the public key is for everybody."""

from dataclasses import replace

import pytest
from tests.unit.web import runs as make
from tests.unit.web.site import Site

from reprise.domain.run import RunId
from reprise.store import repositories
from reprise.web.access import may_follow

DIGEST = "5e" * 32
PATH = "/api/v1/runs/r1/evidence.zip"
CONTENT = b"PK\x03\x04 a package"


@pytest.fixture
def sealed(site: Site) -> RunId:
    run_id = make.ended(site, make.REPRODUCED, evidence=DIGEST)
    site.archive.folder.mkdir(parents=True)
    (site.archive.folder / f"{DIGEST}.zip").write_bytes(CONTENT)
    return run_id


def publish(site: Site) -> None:
    with site.store.write() as connection:
        repositories.remember(connection, replace(make.REPOSITORY, public=True))


async def test_it_is_a_download_whose_name_is_its_digest(site: Site, sealed: RunId) -> None:
    async with site.client() as client:
        reply = await client.get(PATH)

    assert (reply.status_code, reply.content) == (200, CONTENT)
    assert reply.headers["content-type"] == "application/zip"
    assert reply.headers["content-length"] == str(len(CONTENT))
    assert reply.headers["etag"] == f'"{DIGEST}"'
    assert reply.headers["content-disposition"] == 'attachment; filename="reprise-r1.zip"'


async def test_who_has_it_already_is_told_so(site: Site, sealed: RunId) -> None:
    async with site.client() as client:
        known = await client.get(PATH, headers={"If-None-Match": f'"old", W/"{DIGEST}"'})
        other = await client.get(PATH, headers={"If-None-Match": '"old"'})
        head = await client.head(PATH)

    assert (known.status_code, known.content) == (304, b"")
    assert other.status_code == 200
    assert (head.status_code, head.content) == (200, b"")


async def test_of_a_private_repository_only_whoever_signed_in_has_it(site: Site, sealed: RunId) -> None:
    async with site.client(token=None) as client:
        assert (await client.get(PATH)).status_code == 401
        person = await client.get(PATH, headers={"Accept": "text/html"})
        unknown = await client.get("/api/v1/runs/none/evidence.zip")
    async with site.client("192.0.2.7", token=None) as client:
        assert (await client.get(PATH)).status_code == 403

    assert person.status_code == 303
    assert person.headers["location"] == f"/login?next={PATH}"
    assert may_follow(PATH)
    assert unknown.status_code == 401


async def test_of_a_public_repository_everybody_has_it(site: Site, sealed: RunId) -> None:
    publish(site)
    async with site.client("192.0.2.7", base_url="https://reprise.example", token=None) as client:
        assert (await client.get(PATH)).content == CONTENT
        assert (await client.get("/api/v1/runs/r1")).status_code == 403
        page = await client.get("/runs/r1")

    assert f'href="{PATH}"' in page.text
    assert DIGEST in page.text


@pytest.mark.parametrize(("attested", "said"), [(True, ", signed"), (False, ", not signed"), (None, "")])
async def test_the_page_says_whether_it_is_signed(
    site: Site, sealed: RunId, attested: bool | None, said: str
) -> None:
    if attested is not None:
        site.archive.attested[DIGEST] = attested
    async with site.client() as client:
        page = (await client.get("/runs/r1")).text

    assert f"sha256 <code>{DIGEST}</code>{said}</dd>" in page


async def test_a_run_without_evidence_says_why(site: Site) -> None:
    make.ended(site, make.REPRODUCED, evidence_problem="the disk is full")
    make.ended(site, make.REPRODUCED, "r2")
    async with site.client() as client:
        failed, none = await client.get(PATH), await client.get("/api/v1/runs/r2/evidence.zip")
        page = await client.get("/runs/r1")

    assert failed.json()["message"] == "there is no evidence of run r1: the disk is full"
    assert none.status_code == 404
    assert "There is no evidence to keep: the disk is full." in page.text
    assert "evidence.zip" not in page.text


async def test_programs_find_it_in_the_object_of_the_run(site: Site, sealed: RunId) -> None:
    async with site.client() as client:
        told = (await client.get("/api/v1/runs/r1")).json()

    assert told["evidence"] == PATH
    assert told["evidence_sha256"] == DIGEST


async def test_the_public_key_is_for_everybody(site: Site) -> None:
    async with site.client("192.0.2.7", base_url="https://reprise.example", token=None) as client:
        missing = await client.get("/.well-known/reprise.pub")
        site.archive.key = b"-----BEGIN PUBLIC KEY-----\n"
        found = await client.get("/.well-known/reprise.pub")

    assert missing.status_code == 404
    assert "its operator has made no key" in missing.text
    assert (found.status_code, found.content) == (200, site.archive.key)
