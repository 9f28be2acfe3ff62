"""Submodules at their recorded commits, from a real git server on loopback."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.git_server import GitServer, serving
from tests.repositories import commit_files, commit_tree, git, make_repository

from reprise.adapters.git.export import Limits
from reprise.adapters.git.source import GitSource
from reprise.adapters.git.submodules import parse_listing
from reprise.domain.errors import Refused
from reprise.domain.run import Repository, Sha, Submodule


class Forge:
    """Repositories of ada and others on one server; `paper` is the one that is asked for."""

    def __init__(self, server: GitServer, cache: Path) -> None:
        self.server = server
        self.cache = cache
        self.source = GitSource(cache, token_for=lambda url: "s3cret")

    def repository(self, name: str, files: dict[str, str | bytes]) -> Sha:
        return make_repository(self.server.root / name, files)

    def commit(self, name: str, files: dict[str, str | bytes]) -> Sha:
        return commit_files(self.server.root / name, files)

    def holding(self, name: str, links: dict[str, Sha], modules: str, **files: str) -> Sha:
        """A commit of this repository that records these gitlinks."""
        folder = self.server.root / name
        if not folder.exists():
            make_repository(folder, {})
        commit_files(folder, {".gitmodules": modules, **files})
        for path, sha in links.items():
            git(folder, "update-index", "--add", "--cacheinfo", f"160000,{sha},{path}")
        git(folder, "commit", "--quiet", "--message", "links")
        return Sha(git(folder, "rev-parse", "HEAD"))

    def export(
        self, sha: Sha, into: Path, name: str = "ada/paper", *, trusted: bool = True
    ) -> tuple[Submodule, ...]:
        paper = Repository(7, "ada/paper", self.url(name))
        self.source.fetch(paper, sha)
        return self.source.export(paper, sha, into, trusted=trusted)

    def url(self, name: str) -> str:
        return f"{self.server.url}/{name}/.git"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    (tmp_path / "served").mkdir()
    with serving(tmp_path / "served") as running:
        made = Forge(running, tmp_path / "cache")
        yield made
        made.source.close()


def section(path: str, url: str, more: str = "") -> str:
    return f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n{more}'


def test_a_submodule_is_laid_out_at_its_recorded_commit(forge: Forge, tmp_path: Path) -> None:
    old = forge.repository("ada/lib", {"lib.py": "old\n", "deep/data.csv": "1\n"})
    forge.commit("ada/lib", {"lib.py": "new\n"})
    sha = forge.holding("ada/paper", {"vendor/lib": old}, section("vendor/lib", "../../lib/.git"), train="x")
    found = forge.export(sha, tmp_path / "tree")
    assert found == (Submodule("vendor/lib", forge.url("ada/lib"), old),)
    assert (tmp_path / "tree/vendor/lib/lib.py").read_text() == "old\n"
    assert (tmp_path / "tree/vendor/lib/deep/data.csv").read_text() == "1\n"
    assert (tmp_path / "tree/train").read_text() == "x"
    assert not list((tmp_path / "tree").rglob(".git"))


def test_what_is_cached_asks_nobody_and_two_paths_may_share_it(forge: Forge, tmp_path: Path) -> None:
    lib = forge.repository("ada/lib", {"a": "1"})
    modules = section("one", "../../lib/.git") + section("two", "../../lib/.git")
    sha = forge.holding("ada/paper", {"one": lib, "two": lib}, modules)
    assert len(forge.export(sha, tmp_path / "first")) == 2
    before = len(forge.server.seen)
    forge.export(sha, tmp_path / "second")
    assert len(forge.server.seen) == before
    assert len(list((forge.cache / "submodules").glob("*.git"))) == 1
    assert (tmp_path / "second/two/a").read_text() == "1"


def test_submodules_of_submodules_start_from_their_own_address(forge: Forge, tmp_path: Path) -> None:
    inner = forge.repository("bob/inner", {"inner.txt": "i"})
    lib = forge.holding("ada/lib", {"in": inner}, section("in", "../../../bob/inner/.git"))
    sha = forge.holding("ada/paper", {"lib": lib}, section("lib", "../../lib/.git"))
    found = forge.export(sha, tmp_path / "tree")
    assert [each.path for each in found] == ["lib", "lib/in"]
    assert (tmp_path / "tree/lib/in/inner.txt").read_text() == "i"


def test_our_token_is_sent_to_the_same_owner_only(forge: Forge, tmp_path: Path) -> None:
    lib, theirs = forge.repository("ada/lib", {"a": "1"}), forge.repository("bob/lib", {"a": "1"})
    modules = section("lib", "../../lib/.git") + section("theirs", "../../../bob/lib/.git")
    sha = forge.holding("ada/paper", {"lib": lib, "theirs": theirs}, modules)
    forge.export(sha, tmp_path / "tree")
    token = "Basic " + base64.b64encode(b"x-access-token:s3cret").decode()
    assert {path.split("/.git")[0]: seen for path, seen in forge.server.asked} == {
        "/ada/paper": token,
        "/ada/lib": token,
        "/bob/lib": "",
    }


def test_a_token_for_one_repository_is_sent_to_no_submodule(forge: Forge, tmp_path: Path) -> None:
    forge.source = GitSource(forge.cache, token_for=lambda url: "s3cret", token_for_submodules=lambda: False)
    lib = forge.repository("ada/lib", {"a": "1"})
    sha = forge.holding("ada/paper", {"lib": lib}, section("lib", "../../lib/.git"))
    forge.export(sha, tmp_path / "tree")
    sent = {path.split("/.git")[0]: bool(seen) for path, seen in forge.server.asked}
    assert sent == {"/ada/paper": True, "/ada/lib": False}


def test_a_strangers_commit_shows_nobody_what_is_private(forge: Forge, tmp_path: Path) -> None:
    """Also not what a trusted commit brought here before."""
    lib = forge.repository("ada/lib", {"a": "1"})
    sha = forge.holding("ada/paper", {"lib": lib}, section("lib", "../../lib/.git"))
    forge.export(sha, tmp_path / "ours")
    forge.server.authorization = "Basic " + base64.b64encode(b"x-access-token:s3cret").decode()
    with pytest.raises(Refused, match="token is not sent there; make it public"):
        forge.export(sha, tmp_path / "theirs", trusted=False)
    assert not (tmp_path / "theirs").exists()
    assert forge.server.asked[-1] == ("/ada/lib/.git/info/refs", "")


def test_a_private_submodule_of_others_is_refused_with_the_next_step(forge: Forge, tmp_path: Path) -> None:
    theirs = forge.repository("bob/lib", {"a": "1"})
    sha = forge.holding("ada/paper", {"lib": theirs}, section("lib", "../../../bob/lib/.git"))
    forge.server.authorization = "Basic " + base64.b64encode(b"x-access-token:s3cret").decode()
    with pytest.raises(
        Refused,
        match=rf"lib is a submodule at commit {theirs[:12]} .*token is not sent there; make it public",
    ):
        forge.export(sha, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def test_a_commit_that_was_never_pushed_is_named_with_path_and_next_step(
    forge: Forge, tmp_path: Path
) -> None:
    forge.repository("ada/lib", {"a": "1"})
    sha = forge.holding("ada/paper", {"vendor/lib": Sha("ab" * 20)}, section("vendor/lib", "../../lib/.git"))
    with pytest.raises(
        Refused, match=r"vendor/lib is a submodule at commit abababababab .*push that commit there"
    ):
        forge.export(sha, tmp_path / "tree")


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ("", "has no address"),
        ('[submodule "lib"]\n\tpath = lib\n', "has no address"),
        (section("other", "https://forge.example/x"), "has no address"),
        ("[submodule\n", "git's configuration syntax"),
        (section("lib", "git@github.com:ada/lib.git"), "write https://github.com/ada/lib.git"),
        (section("lib", "file:///etc"), "not an https one"),
        (section("lib", "https://localhost/lib"), "names no public host"),
    ],
)
def test_a_submodule_that_leads_nowhere_is_refused(
    forge: Forge, tmp_path: Path, modules: str, said: str
) -> None:
    sha = forge.holding("ada/paper", {"lib": Sha("1" * 40)}, modules)
    with pytest.raises(Refused, match=f"lib is a submodule .*{said}"):
        forge.export(sha, tmp_path / "tree")
    assert not (forge.cache / "submodules").exists()


def test_repositories_that_hold_each_other_end(forge: Forge, tmp_path: Path) -> None:
    sha = forge.repository("ada/paper", {"a": "1"})
    for _ in range(4):
        sha = forge.holding("ada/paper", {"self": sha}, section("self", "../.git"))
    forge.source = GitSource(forge.cache, limits=Limits(nesting=3))
    with pytest.raises(Refused, match=r"^self/self/self/self is a submodule .*more than 3 deep"):
        forge.export(sha, tmp_path / "tree")
    forge.source = GitSource(forge.cache, limits=Limits(nesting=4))
    assert len(forge.export(sha, tmp_path / "tree")) == 4


def test_submodules_bytes_and_files_are_bounded_together(forge: Forge, tmp_path: Path) -> None:
    lib = forge.repository("ada/lib", {"a": "x" * 100, "b": "y" * 100})
    names = ("one", "two", "three")
    modules = "".join(section(name, "../../lib/.git") for name in names)
    sha = forge.holding("ada/paper", dict.fromkeys(names, lib), modules)
    for limits, words in (
        (Limits(submodules=2), "more than 2 submodules"),
        (Limits(files=7), "more than 7 files"),
        (Limits(total_bytes=500), "more than 500 bytes"),
    ):
        forge.source = GitSource(tmp_path / words.replace(" ", "-"), limits=limits)
        with pytest.raises(Refused, match=words):
            forge.export(sha, tmp_path / "tree")


def test_a_link_may_lead_from_a_submodule_into_the_tree_but_not_out(forge: Forge, tmp_path: Path) -> None:
    for name, target in (("in", "../data"), ("out", "../../data")):
        folder = forge.server.root / f"ada/{name}"
        lib = make_repository(folder, {})
        (folder / "link").symlink_to(target)
        lib = commit_files(folder, {})
        sha = forge.holding(f"ada/paper-{name}", {"lib": lib}, section("lib", f"../../{name}/.git"), data="d")
        if name == "in":
            forge.export(sha, tmp_path / name, f"ada/paper-{name}")
            assert (tmp_path / name / "lib/link").read_text() == "d"
        else:
            forge.source = GitSource(tmp_path / "other-cache")
            with pytest.raises(Refused, match="the link lib/link leads out"):
                forge.export(sha, tmp_path / name, f"ada/paper-{name}")


def test_gits_own_name_inside_or_as_a_submodule_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    make_repository(folder, {"a": "1"})
    sha = commit_tree(folder, {".GIT": ("160000", b""), ".gitmodules": ("100644", b"")})
    source = GitSource(tmp_path / "cache")
    repository, _, _ = source.snapshot(folder)
    with pytest.raises(Refused, match="named like git's own folder"):
        source.export(repository, sha, tmp_path / "tree")


def test_a_gitlink_and_a_folder_of_one_name_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    make_repository(folder, {"a": "1"})
    blob = git(folder, "rev-parse", "HEAD:a")
    inner = git(folder, "mktree", stdin=f"100644 blob {blob}\tx\n".encode())
    lines = b"40000 lib\0" + bytes.fromhex(inner) + b"160000 lib\0" + bytes.fromhex("1" * 40)
    tree = git(folder, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=lines)
    sha = Sha(git(folder, "commit-tree", tree, "-m", "twice"))
    source = GitSource(tmp_path / "cache")
    repository, _, _ = source.snapshot(folder)
    with pytest.raises(Refused, match="holds lib twice"):
        source.export(repository, sha, tmp_path / "tree")


def test_names_updates_and_includes_of_gitmodules_mean_nothing(forge: Forge, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    lib = forge.repository("ada/lib", {"a": "1"})
    modules = (
        f'[submodule "lib"]\n\tpath = lib\n\turl = ../../lib/.git\n'
        f"\tbranch = --upload-pack=touch\n[include]\n\tpath = {canary}.config\n"
        f'[alias]\n\tconfig = "!touch {canary}"\n[core]\n\tfsmonitor = "touch {canary}"\n'
    )
    Path(f"{canary}.config").write_text('[submodule "lib"]\n\turl = https://evil.example/x\n')
    sha = forge.holding("ada/paper", {"lib": lib}, modules)
    assert [each.url for each in forge.export(sha, tmp_path / "tree")] == [forge.url("ada/lib")]
    assert not canary.exists()


def test_an_update_command_is_refused_when_it_arrives(forge: Forge, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    modules = section("lib", "../../lib/.git", f'\tupdate = "!touch {canary}"\n')
    sha = forge.holding("ada/paper", {"lib": forge.repository("ada/lib", {"a": "1"})}, modules)
    with pytest.raises(Refused, match="gitmodulesUpdate"):
        forge.export(sha, tmp_path / "tree")
    assert not canary.exists()


def test_the_last_value_counts_and_half_sections_are_left_out() -> None:
    listing = (
        b"submodule.a.path\nlib/\0submodule.a.url\nx\0submodule.a.url\ny\0submodule.b.path\nother\0"
        b"submodule.c.d.e.path\ndots\0submodule.c.d.e.url\nz\0core.path\nq\0submodule.path\nr\0submodule.v.path\0"
    )
    assert parse_listing(listing) == {"lib": "y", "dots": "z"}
