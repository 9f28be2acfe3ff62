"""What a client sees that is not PyGithub: refusals in GitHub's form, pages of lists, names of hosts."""

import httpx
import pytest
from tests.integration.forge.world import World

WRONG = {"X-Wrong-On-Purpose": "1"}


def client(world: World, login: str | None = "ada") -> httpx.Client:
    headers = {"Authorization": f"Bearer {world.tokens[login]}"} if login else {}
    return httpx.Client(base_url=f"{world.url}/api/v3", headers=headers, timeout=10, verify=False)


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 400), (b"", 422), (b'{"state": 3}', 422)])
def test_unusable_bodies_are_refused_in_githubs_form(world: World, body: bytes, status: int) -> None:
    sha = world.make().sha("HEAD")
    with client(world) as http:
        reply = http.post(f"{world.api}/statuses/{sha}", content=body)
    assert reply.status_code == status
    assert {"message", "documentation_url"} <= reply.json().keys()


def test_permission_is_looked_at_before_the_body(world: World) -> None:
    sha = world.make().sha("HEAD")
    with client(world, "eve") as http:
        assert http.post(f"{world.api}/statuses/{sha}", content=b"{", headers=WRONG).status_code == 403
    with client(world, None) as http:
        assert http.post(f"{world.api}/statuses/{sha}", content=b"{", headers=WRONG).status_code == 401


def test_a_huge_body_is_413(world: World) -> None:
    sha = world.make().sha("HEAD")
    with client(world) as http:
        reply = http.post(f"{world.api}/commits/{sha}/comments", content=b" " * 1_100_000, headers=WRONG)
    assert reply.status_code == 413


def test_anybody_reads_what_is_public(world: World) -> None:
    world.make()
    with client(world, None) as http:
        assert http.get(world.api).json()["full_name"] == world.full_name
        assert http.get("/user").status_code == 401


@pytest.mark.parametrize("path", ["nothing", "repos/{}/pulls/x", "repositories/9999", "repos/{}-gone"])
def test_unknown_paths_are_not_found_in_json(world: World, path: str) -> None:
    world.make()
    reply = world.http.get(f"{world.url}/api/v3/{path.format(world.full_name)}", headers=WRONG)
    assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")


def test_the_headers_that_github_insists_on(world: World) -> None:
    with client(world) as http:
        old = http.get("/user", headers={"X-GitHub-Api-Version": "1999-01-01"})
        nameless = http.get("/user", headers={"User-Agent": ""})
        fine = http.get("/user", headers={"X-GitHub-Api-Version": "2022-11-28"})
    assert (old.status_code, nameless.status_code, fine.status_code) == (400, 403, 200)


def test_link_headers_lead_through_all_pages(world: World) -> None:
    clone = world.make()
    for number in range(5):
        clone.git("tag", f"t{number}")
    clone.git("push", "-q", "--tags")
    names, url = [], f"{world.api}/tags?per_page=2"
    with client(world) as http:
        while True:
            reply = http.get(url)
            names += [tag["name"] for tag in reply.json()]
            if "next" not in reply.links:
                break
            url = reply.links["next"]["url"]
    assert names == ["t4", "t3", "t2", "t1", "t0"]
    assert reply.links["prev"]["url"].startswith(world.url)
    assert "last" not in reply.links


def test_urls_are_those_of_the_host_that_was_asked(world: World) -> None:
    world.make()
    api, page = (url.replace("127.0.0.1", "localhost") for url in (world.api, world.page))
    assert world.http.get(api).json()["clone_url"] == f"{page}.git"


def test_other_names_that_point_here_are_refused(world: World) -> None:
    reply = world.http.get(world.url, headers={"Host": "evil.example"})
    assert reply.status_code == 421
