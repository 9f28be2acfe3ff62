"""The real git as a client: pushing, fetching one commit by its id, and who may do what."""

import gzip

import pytest
from tests.integration.forge.world import World


@pytest.mark.parametrize("protocol", ["0", "2"])
def test_one_commit_is_fetched_by_its_id(world: World, protocol: str) -> None:
    clone = world.make()
    wanted = clone.sha("HEAD")
    clone.commit("later")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/main")
    other = world.clone(None)
    other.git("-c", f"protocol.version={protocol}", "fetch", "-q", "--depth=1", "origin", wanted)
    assert other.sha("FETCH_HEAD") == wanted
    assert other.git("rev-list", "--count", "FETCH_HEAD") == "1"


def test_a_commit_that_no_ref_reaches_any_more_can_be_fetched(world: World) -> None:
    clone = world.make()
    lost = clone.commit("will be replaced")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/main")
    clone.git("reset", "-q", "--hard", "HEAD~1")
    clone.git("push", "-q", "--force", "origin", "HEAD:refs/heads/main")
    other = world.clone(None)
    other.git("fetch", "-q", "origin", lost)
    assert other.sha("FETCH_HEAD") == lost


def test_an_unknown_commit_is_refused(world: World) -> None:
    world.make()
    other = world.clone(None)
    assert "not our ref" in other.run("fetch", "-q", "origin", "f" * 40).stderr


def test_version_2_is_spoken_when_the_client_asks(world: World) -> None:
    world.make()
    url = f"{world.page}.git/info/refs?service=git-upload-pack"
    assert world.http.get(url, headers={"Git-Protocol": "version=2"}).content.startswith(b"000eversion 2\n")
    assert world.http.get(url).content.startswith(b"001e# service=git-upload-pack\n")


def test_gzipped_requests_are_understood(world: World) -> None:
    clone = world.make()
    want = f"want {clone.sha('HEAD')}\n".encode()
    asked = b"%04x%s00000009done\n" % (len(want) + 4, want)
    url = f"{world.page}.git/git-upload-pack"
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-git-upload-pack-request"}
    plain = world.http.post(url, content=asked, headers={"Content-Type": headers["Content-Type"]})
    packed = world.http.post(url, content=gzip.compress(asked), headers=headers)
    assert plain.content.startswith(b"0008NAK\nPACK")
    assert packed.content == plain.content
    assert world.http.post(url, content=b"no gzip", headers=headers).status_code == 400


def test_the_first_pushed_branch_becomes_the_default(world: World) -> None:
    world.make_empty()
    clone = world.clone()
    clone.commit("first")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/trunk")
    assert world.repository().complete().default_branch == "trunk"
    assert "ref: refs/heads/trunk" in clone.git("ls-remote", "--symref", "origin", "HEAD")


def test_nobody_pushes_to_the_refs_of_pull_requests(world: World) -> None:
    clone = world.make()
    done = clone.run("push", "-q", "origin", "HEAD:refs/pull/1/head")
    assert done.returncode != 0
    assert "hidden ref" in done.stderr


@pytest.mark.parametrize(("login", "says"), [("eve", ".git denied"), (None, "could not read")])
def test_pushing_needs_write_permission(world: World, login: str | None, says: str) -> None:
    world.make()
    other = world.clone(login)
    other.commit("not mine to change")
    assert says in other.run("push", "origin", "HEAD:refs/heads/main").stderr


def test_a_collaborator_with_write_permission_pushes(world: World) -> None:
    world.make()
    world.repository().add_to_collaborators("bot", "push")
    other = world.clone("bot")
    sha = other.commit("from the bot")
    other.git("push", "-q", "origin", "HEAD:refs/heads/work")
    assert world.repository().get_git_ref("heads/work").object.sha == sha


def test_a_private_repository_is_read_with_a_token_only(world: World) -> None:
    world.make(private=True)
    eve = world.clone("eve")
    assert "not found" in eve.run("ls-remote", "origin").stderr
    url = f"{world.page}.git/info/refs?service=git-upload-pack"
    assert world.http.get(url).status_code == 401
    assert "Basic" in world.http.get(url).headers["WWW-Authenticate"]
    assert world.http.get(url, auth=("x", world.tokens["eve"])).status_code == 404
    assert world.http.get(url, auth=("x", world.tokens["ada"])).status_code == 200
    assert world.http.get(url, auth=("x", "ghp_wrong")).status_code == 401


def test_the_dumb_protocol_is_refused(world: World) -> None:
    world.make()
    assert world.http.get(f"{world.page}.git/info/refs").status_code == 403
    assert world.http.get(f"{world.page}.git/info/refs?service=git-shell").status_code == 403
