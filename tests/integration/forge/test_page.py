"""The pages for people: what they show, what they hide, and that no text on them can do anything."""

import re

import pytest
from tests.integration.forge.apps import TestApp
from tests.integration.forge.world import Receiver, World

LOADED = re.compile(r'(?:src|rel="stylesheet" href)="([^"]*)"')
HOSTILE = '<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) "><b>'


def page(world: World, url: str) -> str:
    reply = world.http.get(url)
    assert reply.status_code == 200
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    return reply.text


def test_a_repository_shows_tags_with_their_statuses(world: World) -> None:
    clone = world.make()
    clone.git("tag", "paper-v1")
    clone.git("push", "-q", "origin", "paper-v1")
    commit = world.repository().get_commit(clone.sha("HEAD"))
    commit.create_status("success", "http://127.0.0.1:1/runs/1", "3 of 3 claims", "reprise/table-2")
    text = page(world, world.page)
    assert "paper-v1" in text
    assert '<a href="http://127.0.0.1:1/runs/1" rel="nofollow">reprise/table-2</a>' in text
    assert "3 of 3 claims" in text
    assert 'http-equiv="refresh"' not in text


def test_a_page_refreshes_while_something_is_pending(world: World) -> None:
    sha = world.make().sha("HEAD")
    world.repository().get_commit(sha).create_status("pending", description="building")
    assert 'http-equiv="refresh"' in page(world, f"{world.page}/commit/{sha}")
    world.repository().get_commit(sha).create_status("success")
    assert 'http-equiv="refresh"' not in page(world, f"{world.page}/commit/{sha}")


def test_comments_are_shown_as_markdown_where_their_links_lead(world: World) -> None:
    sha = world.make().sha("HEAD")
    comment = world.repository().get_commit(sha).create_comment("| got |\n|--:|\n| **0.93** |")
    url, anchor = comment.html_url.split("#")
    text = page(world, url)
    assert f'id="{anchor}"' in text
    assert '<td class="right"><strong>0.93</strong></td>' in text


def test_a_pull_request_shows_its_conversation(world: World) -> None:
    number = world.pull(world.make())
    comment = world.repository("eve").get_pull(number).create_issue_comment("/reproduce")
    comment.create_reaction("eyes")
    url, anchor = comment.html_url.split("#")
    text = page(world, url)
    assert "An idea" in text
    assert "<em>numbers</em>" in text
    assert f'id="{anchor}"' in text
    assert "👀" in text


def test_a_pull_request_names_its_fork_and_ends_with_its_checks(world: World) -> None:
    world.make()
    world.repository("eve").create_fork()
    fork = world.clone("eve", "eve")
    fork.git("pull", "-q", "origin", "main")
    sha = fork.commit("a better idea")
    fork.git("push", "-q", "origin", "HEAD:refs/heads/idea")
    number = world.repository("eve").create_pull(base="main", head="eve:idea", title="Better").number
    world.repository().get_commit(sha).create_status("failure", description="off by 3", context="reprise/a")
    world.repository().get_commit(sha).create_status("success", context="reprise/b")
    text = page(world, f"{world.page}/pull/{number}")
    assert f'from the fork <a href="/eve/{world.name}">' in text
    assert '<span class="ref">eve:idea</span>' in text
    assert "a better idea" in text
    assert "Some checks were not successful" in text
    assert "2 checks: 1 failing, 1 successful" in text
    listed = page(world, world.page)
    assert f"from the fork eve/{world.name}" in listed
    assert 'Forks <span class="count">1</span>' in listed
    world.repository("eve", f"eve/{world.name}").delete()
    assert "unknown repository:idea" in page(world, f"{world.page}/pull/{number}")
    assert "from an unknown repository" in page(world, world.page)


def test_pages_load_nothing_from_elsewhere_and_have_no_scripts(world: World) -> None:
    number = world.pull(world.make())
    for url in (world.url, world.page, f"{world.page}/pull/{number}", f"{world.url}/login"):
        text = page(world, url)
        assert "<script" not in text
        assert "style=" not in text
        assert [link for link in LOADED.findall(text) if not link.startswith("/")] == []
    style = world.http.get(f"{world.url}/style.css")
    assert style.headers["Content-Type"].startswith("text/css")
    assert "url(" not in style.text


def test_nothing_that_people_write_becomes_markup(world: World) -> None:
    clone = world.make()
    clone.commit(HOSTILE)
    clone.git("push", "-q", "origin", "HEAD:refs/heads/main")
    sha = clone.sha("HEAD")
    commit = world.repository().get_commit(sha)
    commit.create_comment(HOSTILE)
    commit.create_status("success", description=HOSTILE, context=HOSTILE)
    for url in (world.page, f"{world.page}/commit/{sha}"):
        text = page(world, url)
        assert "<script" not in text
        assert "<img src=x" not in text
        assert 'href="javascript' not in text


def test_deliveries_are_listed(world: World, receiver: Receiver) -> None:
    world.make()
    world.repository().create_hook("web", {"url": receiver.url, "content_type": "json"}, ["push"])
    receiver.wait(1)
    text = page(world, world.page)
    assert "Webhook deliveries" in text
    assert receiver.url in text


def test_deliveries_to_apps_are_listed_with_the_repository_they_are_about(
    world: World, receiver: Receiver
) -> None:
    clone = world.make()
    TestApp.register(world, hook_url=receiver.url).install(world.name)
    clone.git("push", "-q", "origin", "HEAD:refs/heads/other")
    receiver.wait(1)
    assert receiver.url in page(world, world.page)


def test_private_repositories_are_not_shown(world: World) -> None:
    world.make(private=True)
    assert world.http.get(world.page).status_code == 404
    assert world.full_name not in page(world, world.url)
    assert world.full_name not in page(world, f"{world.url}/ada")


@pytest.mark.parametrize("path", ["nobody", "ada/none", "{}/commit/main~1", "{}/pull/9", "{}/commit/--all"])
def test_what_is_not_there_is_404(world: World, path: str) -> None:
    world.make()
    assert world.http.get(f"{world.url}/{path.format(world.full_name)}").status_code == 404


def test_an_empty_repository_has_a_page(world: World) -> None:
    world.make_empty()
    assert "Nothing was pushed yet." in page(world, world.page)


def test_everybody_has_a_picture(world: World) -> None:
    reply = world.http.get(world.github("ada").get_user().avatar_url)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "image/svg+xml")
