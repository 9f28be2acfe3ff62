"""Strangers' repositories and other people's git configuration run nothing and reach nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.git_server import GitServer, serving
from tests.repositories import commit_files, commit_tree, git, make_repository

from reprise.adapters.git.export import Limits
from reprise.adapters.git.remote import parse_tags
from reprise.adapters.git.source import GitSource
from reprise.domain.errors import Refused
from reprise.domain.run import Repository, Sha

READ_EVERYTHING = """\
import json, sys
from pathlib import Path
from reprise.adapters.git.source import GitSource
from reprise.domain.errors import Refused
from reprise.domain.run import Repository, Sha

paper, locked, cache, sha = sys.argv[1:]
source = GitSource(Path(cache))
repository = Repository(7, "ada/paper", paper)
tags = source.tags(repository)
source.fetch(repository, Sha(sha))
names = source.list_folder(repository, Sha(sha), ".")
source.export(repository, Sha(sha), Path(cache) / "tree")
for ask in (lambda: source.tags(Repository(8, "ada/locked", locked)),
            lambda: source.tags(Repository(9, "ada/ext", "ext::sh -c touch% x"))):
    try:
        ask()
    except Refused:
        continue
    raise SystemExit("a closed door was passed")
print(json.dumps([tags, names, (Path(cache) / "tree" / "data.txt").read_text()]))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    (tmp_path / "served").mkdir()
    with serving(tmp_path / "served") as running:
        yield running


def hostile_home(folder: Path, canary: Path) -> dict[str, str]:
    """Configuration that runs a program wherever git lets one run; each leaves a file beside the canary."""

    def touch(name: str) -> str:
        return f"{sys.executable} -c \"open('{canary}.{name}','w')\" #"

    hooks = folder / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change", "proc-receive"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {canary}.hook\n")
        (hooks / name).chmod(0o755)
    config = f"""
[core]
  hooksPath = {hooks}
  fsmonitor = {json.dumps(touch("fsmonitor"))}
  sshCommand = {json.dumps(touch("ssh"))}
  askPass = {folder}/ask
  pager = {json.dumps(touch("pager"))}
  attributesFile = {folder}/attributes
  alternateRefsCommand = {json.dumps(touch("alternates"))}
[init]
  templateDir = {folder}/template
[credential]
  helper = {json.dumps("!" + touch("helper"))}
[filter "evil"]
  smudge = {json.dumps(touch("smudge"))}
  clean = {json.dumps(touch("clean"))}
  required = true
[protocol "ext"]
  allow = always
[protocol "file"]
  allow = always
[url "ext::touch {canary}.instead"]
  insteadOf = nothing://
[http]
  extraHeader = X-Evil: yes
"""
    for name in (".gitconfig", "system"):
        (folder / name).write_text(config)
    (folder / "attributes").write_text("* filter=evil\n")
    (folder / "ask").write_text(f"#!/bin/sh\ntouch {canary}.ask\n")
    (folder / "ask").chmod(0o755)
    return {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "GIT_CONFIG_SYSTEM": str(folder / "system"),
        "GIT_CONFIG_GLOBAL": str(folder / ".gitconfig"),
        "GIT_ASKPASS": str(folder / "ask"),
        "SSH_ASKPASS": str(folder / "ask"),
        "GIT_TEMPLATE_DIR": str(folder / "template"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": str(hooks),
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={folder}/ask'",
        "GIT_ALLOW_PROTOCOL": "ext:file:http:https",
    }


def test_nothing_of_hostile_configuration_or_content_runs(server: GitServer, tmp_path: Path) -> None:
    canary, home = tmp_path / "canary", tmp_path / "home"
    hostile = {"PATH": os.environ["PATH"], **hostile_home(home, canary)}
    paper = server.root / "paper"
    sha = make_repository(paper, {"data.txt": "$Id$\n", ".gitattributes": "* filter=evil ident\n"})
    git(paper, "tag", "v1")
    with serving(server.root) as locked:
        locked.authorization = "Basic nobody"
        arguments = [f"{server.url}/paper/.git", f"{locked.url}/paper/.git", str(tmp_path / "cache"), sha]
        done = subprocess.run(
            [sys.executable, "-c", READ_EVERYTHING, *arguments],
            env=hostile,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"v1": sha}, [".gitattributes", "data.txt"], "$Id$\n"]
    assert [path.name for path in tmp_path.glob("canary*")] == []


def test_the_same_configuration_does_run_with_plain_git(server: GitServer, tmp_path: Path) -> None:
    """Without this the test above would say nothing."""
    canary, home = tmp_path / "canary", tmp_path / "home"
    hostile = {"PATH": os.environ["PATH"], **hostile_home(home, canary)}
    make_repository(server.root / "paper", {"data.txt": "x"})
    server.authorization = "Basic nobody"
    for address in (f"{server.url}/paper/.git", str(server.root / "paper")):
        command = ["git", "clone", "--quiet", address, str(tmp_path / "clone")]
        subprocess.run(command, env=hostile, capture_output=True, timeout=60, check=False)
    assert {path.suffix for path in tmp_path.glob("canary*")} >= {".hook", ".smudge", ".helper"}


@pytest.mark.parametrize(
    "name", ["git~1", ".git ", ".git.", ".g\u200cit", ".git::$INDEX_ALLOCATION", "GIT~1", ".gıt", "\u202etxt"]
)
def test_names_that_mean_git_elsewhere_are_plain_files_here(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "paper"
    make_repository(folder, {"a": "1"})
    sha = commit_tree(folder, {name: ("100644", b"x")})
    source = GitSource(tmp_path / "cache")
    repository, _, _ = source.snapshot(folder)
    source.export(repository, sha, tmp_path / "tree")
    assert os.listdir(tmp_path / "tree") == [name]
    assert (tmp_path / "tree" / name).read_bytes() == b"x"


SHA_A, SHA_B = Sha("a" * 40), Sha("b" * 40)


@pytest.mark.parametrize(
    ("listing", "tags"),
    [
        (f"{SHA_A}\trefs/tags/v1\n{SHA_B}\trefs/tags/v1^{{}}\n", {"v1": SHA_B}),
        (f"{SHA_A}\trefs/tags/v1\u2028x\n", {"v1\u2028x": SHA_A}),
        (f"{SHA_A}\trefs/tags/v1\x85{SHA_B}\trefs/tags/v2\n", {}),
        (f"{SHA_A}\trefs/tags/v1\r\n", {}),
        (f"{SHA_A}\trefs/tags/v1\x1b[2J\n{SHA_B}\trefs/tags/ok\n", {"ok": SHA_B}),
        (f"{SHA_A}\trefs/tags/\udcff\n", {}),
        (f"{SHA_A}\trefs/tags/\n{SHA_A}\trefs/heads/main\n{SHA_A} refs/tags/v1\n", {}),
        (f"{SHA_A[:39]}\trefs/tags/v1\nwarning: x\trefs/tags/v2\n", {}),
        (f"{SHA_A}\trefs/tags/$(id)`<b>|&;#1\n", {"$(id)`<b>|&;#1": SHA_A}),
    ],
)
def test_a_line_of_the_listing_is_one_tag_or_none(listing: str, tags: dict[str, Sha]) -> None:
    assert parse_tags(listing) == tags


def test_a_listing_without_end_is_refused(server: GitServer, tmp_path: Path) -> None:
    folder = server.root / "paper"
    sha = make_repository(folder, {"a": "1"})
    git(
        folder,
        "update-ref",
        "--stdin",
        stdin="".join(f"create refs/tags/{i} {sha}\n" for i in range(500)).encode(),
    )
    source = GitSource(tmp_path / "cache", limits=Limits(listing_bytes=10_000))
    with pytest.raises(Refused, match="more than 10000 bytes"):
        source.tags(Repository(7, "ada/paper", f"{server.url}/paper/.git"))


def test_a_huge_pack_is_refused_and_forgotten(server: GitServer, tmp_path: Path) -> None:
    folder = server.root / "paper"
    make_repository(folder, {"a": "1"})
    sha = commit_files(folder, {"huge.bin": os.urandom(300_000)})
    source = GitSource(tmp_path / "cache", limits=Limits(total_bytes=100_000))
    paper = Repository(7, "ada/paper", f"{server.url}/paper/.git")
    for _ in range(2):
        with pytest.raises(Refused, match="is larger than 100000 bytes; move large files"):
            source.fetch(paper, sha)
    assert (
        sum(path.stat().st_size for path in (tmp_path / "cache/7.git").rglob("*") if path.is_file()) < 50_000
    )


def test_a_blob_that_unpacks_to_much_more_than_its_pack_is_refused(server: GitServer, tmp_path: Path) -> None:
    folder = server.root / "paper"
    sha = make_repository(folder, {"zeros": b"\0" * 2_000_000})
    source = GitSource(tmp_path / "cache", limits=Limits(total_bytes=1_000_000))
    paper = Repository(7, "ada/paper", f"{server.url}/paper/.git")
    source.fetch(paper, sha)
    with pytest.raises(Refused, match="more than 1000000 bytes"):
        source.export(paper, sha, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
