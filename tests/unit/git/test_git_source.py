"""What only the real adapter can show: the network, hostile trees, several callers, the cache."""

import base64
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from tests.git_server import GitServer, serving
from tests.repositories import commit_files, commit_tree, git, make_repository

from reprise.adapters.git.export import Limits, stays_inside
from reprise.adapters.git.source import GitSource
from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Repository, Sha


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    make_repository(tmp_path / "served" / "paper.git", {"a.txt": "one\n"})
    with serving(tmp_path / "served") as running:
        yield running


def remote(server: GitServer) -> Repository:
    return Repository(7, "ada/paper", f"{server.url}/paper.git/.git")


def head(server: GitServer) -> Sha:
    return Sha(git(server.root / "paper.git", "rev-parse", "HEAD"))


def test_a_commit_comes_over_http_without_its_history(server: GitServer, tmp_path: Path) -> None:
    first = head(server)
    second = commit_files(server.root / "paper.git", {"a.txt": "two\n"})
    source = GitSource(tmp_path / "cache")
    source.fetch(remote(server), second)
    assert source.read(remote(server), second, "a.txt", limit=10) == b"two\n"
    assert first not in git(tmp_path / "cache" / "7.git", "cat-file", "--batch-all-objects", "--batch-check")


def test_a_known_commit_asks_nobody(server: GitServer, tmp_path: Path) -> None:
    source = GitSource(tmp_path / "cache")
    source.fetch(remote(server), head(server))
    before = len(server.seen)
    assert source.fetch(remote(server), head(server)).sha == head(server)
    assert len(server.seen) == before


def test_an_older_commit_that_no_branch_ends_at_is_fetched_exactly(server: GitServer, tmp_path: Path) -> None:
    first = head(server)
    commit_files(server.root / "paper.git", {"a.txt": "two\n"})
    source = GitSource(tmp_path / "cache")
    source.fetch(remote(server), first)
    assert source.read(remote(server), first, "a.txt", limit=10) == b"one\n"


def test_the_token_travels_in_a_header_and_stays_nowhere(server: GitServer, tmp_path: Path) -> None:
    server.authorization = "Basic " + base64.b64encode(b"x-access-token:s3cret").decode()
    source = GitSource(tmp_path / "cache", token_for=lambda url: "s3cret")
    source.fetch(remote(server), head(server))
    assert source.tags(remote(server)) == {}
    assert set(server.seen) == {server.authorization}
    encoded = server.authorization.removeprefix("Basic ").encode()
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"s3cret" not in content
            assert encoded not in content


def test_a_token_is_not_carried_to_where_a_redirect_leads(server: GitServer, tmp_path: Path) -> None:
    with serving(tmp_path) as elsewhere:
        server.answer, server.location = 301, elsewhere.url
        source = GitSource(tmp_path / "cache", token_for=lambda url: "s3cret")
        with pytest.raises(Refused, match="has moved"):
            source.tags(remote(server))
        assert elsewhere.seen == []


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_closed_door_is_refused_with_the_next_step(server: GitServer, tmp_path: Path, status: int) -> None:
    server.answer = status
    with pytest.raises(Refused, match=r"ada/paper .*(check|give)"):
        GitSource(tmp_path / "cache").tags(remote(server))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_struggling_forge_is_asked_again(server: GitServer, tmp_path: Path, status: int) -> None:
    server.answer = status
    with pytest.raises(Retryable, match="ada/paper could not be read"):
        GitSource(tmp_path / "cache").fetch(remote(server), head(server))


def test_an_absent_forge_is_asked_again(server: GitServer, tmp_path: Path) -> None:
    nobody = Repository(7, "ada/paper", "http://127.0.0.1:9/ada/paper.git")
    with pytest.raises(Retryable):
        GitSource(tmp_path / "cache").tags(nobody)


def test_a_silent_forge_is_left_in_time(server: GitServer, tmp_path: Path) -> None:
    server.silent = threading.Event()
    source = GitSource(tmp_path / "cache", timeout=timedelta(seconds=0.5))
    begun = time.monotonic()
    with pytest.raises(Retryable, match="ended after"):
        source.tags(remote(server))
    assert time.monotonic() - begun < 5


def test_credentials_in_a_clone_address_are_refused_without_repeating_them(tmp_path: Path) -> None:
    bad = Repository(7, "ada/paper", "https://ada:hunter2@forge.example/paper.git")
    with pytest.raises(Refused, match="carries credentials") as caught:
        GitSource(tmp_path / "cache").tags(bad)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("address", ["file:///etc", "ext::sh -c id", "ssh://h.example/x", "--upload-pack=id"])
def test_only_http_is_spoken_unless_files_were_allowed(tmp_path: Path, address: str) -> None:
    with pytest.raises((Refused, Retryable)):
        GitSource(tmp_path / "cache").tags(Repository(7, "ada/paper", address))


def test_ten_callers_fetch_once(server: GitServer, tmp_path: Path) -> None:
    sources = [GitSource(tmp_path / "cache") for _ in range(10)]
    sha = head(server)
    with ThreadPoolExecutor(10) as pool:
        commits = list(pool.map(lambda source: source.fetch(remote(server), sha), sources))
    assert len(set(commits)) == 1
    assert len(list((tmp_path / "cache/7.git/objects/pack").glob("*.pack"))) == 1


def test_lightweight_annotated_and_nested_tags_all_lead_to_the_commit(
    server: GitServer, tmp_path: Path
) -> None:
    folder, sha = server.root / "paper.git", head(server)
    git(folder, "tag", "light")
    git(folder, "tag", "--annotate", "--message", "x", "annotated")
    git(folder, "tag", "--annotate", "--message", "x", "nested", "annotated")
    assert GitSource(tmp_path / "cache").tags(remote(server)) == {
        "light": sha,
        "annotated": sha,
        "nested": sha,
    }


def test_a_tag_of_something_else_is_refused_when_it_is_fetched(server: GitServer, tmp_path: Path) -> None:
    folder = server.root / "paper.git"
    git(folder, "tag", "blob", git(folder, "rev-parse", "HEAD:a.txt"))
    source = GitSource(tmp_path / "cache")
    with pytest.raises(Refused, match="not a commit"):
        source.fetch(remote(server), source.tags(remote(server))["blob"])


def test_a_pack_that_was_left_half_written_is_swept(server: GitServer, tmp_path: Path) -> None:
    source = GitSource(tmp_path / "cache")
    source.fetch(remote(server), head(server))
    packs = tmp_path / "cache/7.git/objects/pack"
    (packs / "tmp_pack_killed").write_bytes(b"half")
    source.fetch(remote(server), commit_files(server.root / "paper.git", {"b": "2"}))
    assert not list(packs.glob("tmp_*"))


def test_a_lock_that_a_killed_git_left_behind_stops_no_later_fetch(server: GitServer, tmp_path: Path) -> None:
    source = GitSource(tmp_path / "cache")
    source.fetch(remote(server), head(server))
    (tmp_path / "cache" / "7.git" / "shallow.lock").write_text("half a list")
    later = commit_files(server.root / "paper.git", {"a.txt": "two\n"})
    assert source.fetch(remote(server), later).sha == later


def test_a_damaged_cache_is_noticed_while_files_are_written(tmp_path: Path) -> None:
    content = os.urandom(200)
    sha = make_repository(tmp_path / "origin", {"a.bin": content})
    source = GitSource(tmp_path / "cache", allow_file=True)
    here = Repository(7, "ada/paper", (tmp_path / "origin").as_uri())
    source.fetch(here, sha)
    (pack,) = (tmp_path / "cache/7.git/objects/pack").glob("*.pack")
    pack.chmod(0o644)
    damaged = bytearray(pack.read_bytes())
    damaged[-60] ^= 0xFF
    pack.write_bytes(damaged)
    with pytest.raises((Retryable, Refused)):
        source.export(here, sha, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def local(tmp_path: Path, sha_of: dict[str, tuple[str, bytes]]) -> tuple[GitSource, Repository, Sha]:
    """A hand-made tree in a cache that git's own checks never saw, as in a rehearsal."""
    make_repository(tmp_path / "paper", {"a": "1"})
    sha = commit_tree(tmp_path / "paper", sha_of)
    source = GitSource(tmp_path / "cache")
    repository, _, _ = source.snapshot(tmp_path / "paper")
    return source, repository, sha


@pytest.mark.parametrize("name", [".git", ".GIT", ".Git"])
def test_a_tree_with_gits_own_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    source, repository, sha = local(tmp_path, {name: ("100644", b"x")})
    with pytest.raises(Refused, match="named like git's own folder"):
        source.export(repository, sha, tmp_path / "tree")


@pytest.mark.parametrize("name", ["..", "."])
def test_a_tree_with_a_name_that_climbs_is_refused(tmp_path: Path, name: str) -> None:
    source, repository, sha = local(tmp_path, {name: ("100644", b"x")})
    with pytest.raises(Refused, match="unusable name"):
        source.export(repository, sha, tmp_path / "tree")


def test_two_links_that_lead_out_only_together_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    make_repository(folder, {"p/q/r/file": "1"})
    (folder / "p/q/up").symlink_to("../..")
    (folder / "p/out").symlink_to("q/up/../secret")
    sha = commit_files(folder, {})
    source = GitSource(tmp_path / "cache")
    repository, _, _ = source.snapshot(folder)
    with pytest.raises(Refused, match="by way of another link"):
        source.export(repository, sha, tmp_path / "tree")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "paper"]


def test_too_many_files_and_too_many_bytes_are_refused(tmp_path: Path) -> None:
    sha = make_repository(tmp_path / "paper", {"a": "x" * 100, "b": "y" * 100, "c": ""})
    for limits, words in ((Limits(files=2), "more than 2 files"), (Limits(total_bytes=150), "150 bytes")):
        source = GitSource(tmp_path / f"cache-{words[:3]}", limits=limits)
        repository, _, _ = source.snapshot(tmp_path / "paper")
        with pytest.raises(Refused, match=words):
            source.export(repository, sha, tmp_path / "tree")


def test_folders_that_repeat_without_end_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    make_repository(folder, {"a": "1"})
    tree = git(folder, "write-tree")
    for _ in range(12):
        lines = "".join(f"040000 tree {tree}\td{i}\n" for i in range(10))
        tree = git(folder, "mktree", stdin=lines.encode())
    sha = Sha(git(folder, "commit-tree", tree, "-m", "bomb"))
    source = GitSource(tmp_path / "cache", limits=Limits(files=1000))
    repository, _, _ = source.snapshot(folder)
    with pytest.raises(Refused, match="more than 1000 files"):
        source.export(repository, sha, tmp_path / "tree")


def test_a_tree_is_not_written_over_another(tmp_path: Path) -> None:
    sha = make_repository(tmp_path / "paper", {"a": "1"})
    source = GitSource(tmp_path / "cache")
    repository, _, _ = source.snapshot(tmp_path / "paper")
    source.export(repository, sha, tmp_path / "tree")
    with pytest.raises(FileExistsError):
        source.export(repository, sha, tmp_path / "tree")


@pytest.mark.parametrize(
    ("path", "target", "inside"),
    [
        ("a", "b", True),
        ("d/a", "../b", True),
        ("d/a", "..", True),
        ("a", "d/../b", True),
        ("a", "..", False),
        ("a", "../tree/b", False),
        ("d/a", "../../b", False),
        ("a", "/b", False),
        ("a", "", False),
        ("a", "b\0c", False),
    ],
)
def test_a_link_stays_inside_by_its_text(path: str, target: str, inside: bool) -> None:
    assert stays_inside(path, target) is inside
