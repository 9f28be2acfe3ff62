"""What every Source promises, asked of the real git adapter and of the fake."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest
from tests.fakes.source import Executable, FakeSource, File, Link, Submodule
from tests.repositories import git, make_repository

from reprise.adapters.git.source import GitSource
from reprise.domain.errors import Refused
from reprise.domain.run import Repository, Sha
from reprise.ports import Source

FILES: dict[str, File] = {
    "train.py": "print(1)\n",
    "run.sh": Executable(b"#!/bin/sh\n"),
    "data/a.csv": b"a;b\r\n\xff\n",
    "data/deep/b.csv": "b\n",
    "data/latest.csv": Link("a.csv"),
    ".gitattributes": "* text=auto eol=crlf ident\n",
    "id.txt": "$Id$\n",
}


class World(Protocol):
    """A source and the authors behind it."""

    source: Source
    repository: Repository

    def commit(self, files: Mapping[str, File], parent: Sha | None = None) -> Sha: ...

    def tag(self, name: str, sha: Sha) -> None: ...

    def push(self, sha: Sha | None) -> None:
        """To the default branch; None = there is none yet."""
        ...


class GitWorld:
    def __init__(self, folder: Path) -> None:
        self._origin = folder / "origin"
        make_repository(self._origin, {"first": "1"})
        self.repository = Repository(7, "ada/paper", self._origin.as_uri())
        self.source: Source = GitSource(folder / "cache", allow_file=True)

    def commit(self, files: Mapping[str, File], parent: Sha | None = None) -> Sha:
        lines = "".join(self._line(path, file) for path, file in files.items())
        git(self._origin, "read-tree", "--empty")
        git(self._origin, "update-index", "--index-info", stdin=lines.encode())
        after = ("-p", parent) if parent is not None else ()
        return Sha(git(self._origin, "commit-tree", git(self._origin, "write-tree"), *after, "-m", "x"))

    def tag(self, name: str, sha: Sha) -> None:
        git(self._origin, "tag", "--annotate", "--message", name, name, sha)

    def push(self, sha: Sha | None) -> None:
        git(self._origin, "checkout", "--quiet", "--detach")
        if sha is None:
            git(self._origin, "symbolic-ref", "HEAD", "refs/heads/unborn")
            return
        git(self._origin, "symbolic-ref", "HEAD", "refs/heads/main")
        git(self._origin, "update-ref", "refs/heads/main", sha)
        git(self._origin, "update-ref", "refs/remotes/origin/HEAD", git(self._origin, "rev-parse", f"{sha}"))

    def _line(self, path: str, file: File) -> str:
        match file:
            case Submodule():
                return f"160000 {'1' * 40}\t{path}\n"
            case Link(target):
                mode, content = "120000", target.encode()
            case Executable(content):
                mode = "100755"
            case str() | bytes():
                mode, content = "100644", file.encode() if isinstance(file, str) else file
        sha = git(self._origin, "hash-object", "-w", "--stdin", "--no-filters", stdin=content)
        return f"{mode} {sha}\t{path}\n"


class FakeWorld:
    def __init__(self) -> None:
        self._fake = FakeSource()
        self.source: Source = self._fake
        self.repository = Repository(7, "ada/paper", "https://forge.example/ada/paper.git")

    def commit(self, files: Mapping[str, File], parent: Sha | None = None) -> Sha:
        return self._fake.commit(self.repository, files, parent=parent)

    def tag(self, name: str, sha: Sha) -> None:
        self._fake.tag(self.repository, name, sha)

    def push(self, sha: Sha | None) -> None:
        self._fake.set_head(self.repository, sha)


@pytest.fixture(params=["git", "fake"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return GitWorld(tmp_path) if request.param == "git" else FakeWorld()


def fetched(world: World, files: Mapping[str, File] = FILES) -> Sha:
    sha = world.commit(files)
    world.tag(f"v-{sha[:8]}", sha)
    return world.source.fetch(world.repository, sha).sha


def test_tags_lead_to_commits(world: World) -> None:
    first, second = world.commit({"a": "1"}), world.commit({"a": "2"})
    world.tag("v1", first)
    world.tag("paper/v2", second)
    assert world.source.tags(world.repository) == {"v1": first, "paper/v2": second}


def test_the_head_is_that_of_the_default_branch(world: World) -> None:
    first, second = world.commit({"a": "1"}), world.commit({"a": "2"})
    world.tag("v1", first)
    for sha in (first, second, None):
        world.push(sha)
        assert world.source.head(world.repository) == sha


def test_a_fetched_commit_knows_its_tree_and_is_the_same_again(world: World) -> None:
    sha = world.commit(FILES)
    world.tag("v1", sha)
    commit = world.source.fetch(world.repository, sha)
    assert commit.sha == sha
    assert len(commit.tree) == 40
    assert commit.committed_at.tzinfo is not None
    assert world.source.fetch(world.repository, sha) == commit


def test_a_commit_knows_its_parent_which_can_be_fetched_then(world: World) -> None:
    first = world.commit({"a": "1"})
    second = world.commit({"a": "2"}, parent=first)
    world.tag("v2", second)
    world.source.fetch(world.repository, second)
    assert world.source.parent(world.repository, second) == first
    world.source.fetch(world.repository, first)
    assert world.source.read(world.repository, first, "a", limit=10) == b"1"
    assert world.source.parent(world.repository, first) is None


def test_the_parent_of_what_was_not_fetched_is_refused(world: World) -> None:
    with pytest.raises(Refused):
        world.source.parent(world.repository, world.commit({"a": "1"}))


def test_a_commit_that_the_remote_does_not_have_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="ada/paper"):
        world.source.fetch(world.repository, Sha("ab" * 20))


def test_files_are_read_as_they_were_committed(world: World) -> None:
    sha = fetched(world)
    assert world.source.read(world.repository, sha, "data/a.csv", limit=100) == b"a;b\r\n\xff\n"
    assert world.source.read(world.repository, sha, "run.sh", limit=100) == b"#!/bin/sh\n"


@pytest.mark.parametrize("path", ["absent", "data", "data/latest.csv", "train.py/x", "../train.py"])
def test_what_is_no_regular_file_reads_as_none(world: World, path: str) -> None:
    assert world.source.read(world.repository, fetched(world), path, limit=100) is None


def test_a_file_over_the_limit_is_refused(world: World) -> None:
    sha = fetched(world)
    assert world.source.read(world.repository, sha, "train.py", limit=9) == b"print(1)\n"
    with pytest.raises(Refused, match=r"train\.py has 9 bytes"):
        world.source.read(world.repository, sha, "train.py", limit=8)


def test_a_folder_lists_its_regular_files(world: World) -> None:
    sha = fetched(world)
    assert world.source.list_folder(world.repository, sha, "data") == ("a.csv",)
    assert world.source.list_folder(world.repository, sha, ".") == (
        ".gitattributes",
        "id.txt",
        "run.sh",
        "train.py",
    )
    assert world.source.list_folder(world.repository, sha, "absent") == ()


def test_an_export_is_the_commit_byte_for_byte(world: World, tmp_path: Path) -> None:
    into = tmp_path / "run" / "tree"
    assert world.source.export(world.repository, fetched(world), into) == ()
    found = {str(path.relative_to(into)) for path in into.rglob("*") if not path.is_dir()}
    assert found == set(FILES)
    assert (into / "data/a.csv").read_bytes() == b"a;b\r\n\xff\n"
    assert (into / "id.txt").read_bytes() == b"$Id$\n"
    assert os.readlink(into / "data/latest.csv") == "a.csv"
    assert os.access(into / "run.sh", os.X_OK)
    assert (into / "train.py").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", ".."])
def test_a_link_out_of_the_tree_is_refused_by_name(world: World, tmp_path: Path, target: str) -> None:
    sha = fetched(world, {"a": "1", "out": Link(target)})
    with pytest.raises(Refused, match="the link out leads out"):
        world.source.export(world.repository, sha, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def test_a_submodule_without_an_address_is_refused_by_name(world: World, tmp_path: Path) -> None:
    sha = fetched(world, {"a": "1", "vendor/lib": Submodule()})
    with pytest.raises(Refused, match=r"vendor/lib is a submodule .*\.gitmodules has no address for it"):
        world.source.export(world.repository, sha, tmp_path / "tree")


def test_what_was_not_fetched_cannot_be_read(world: World) -> None:
    with pytest.raises(Refused, match="has not been fetched"):
        world.source.read(world.repository, Sha("cd" * 20), "a", limit=1)
