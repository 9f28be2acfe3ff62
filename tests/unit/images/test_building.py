"""What BuildKit is told and handed, and what its words mean."""

import json
import re
import stat
from pathlib import Path

import pytest
from tests.repositories import write_files

from reprise.adapters.images import context, policy, secrets, troubles
from reprise.adapters.images.running import Follower
from reprise.adapters.images.solve import Buildctl, Buildx, Solve, find
from reprise.domain.errors import UserError
from reprise.domain.images.ignore import Ignore, parse
from reprise.domain.images.references import Reference
from reprise.domain.images.references import parse as reference
from reprise.domain.images.written import CERTIFICATES, SETTINGS, UV_TOML
from reprise.domain.run import Reason

DIGEST = "sha256:" + "b" * 64


def solve(folder: Path) -> Solve:
    secret = {SETTINGS: folder / "secret"}
    return Solve(folder / "tree", folder, "type=image", "last", {"A": "1"}, secret, folder / "meta")


def test_both_programs_are_told_the_same(tmp_path: Path) -> None:
    one = solve(tmp_path)
    own = Buildctl(Path("/bin/buildctl"), "unix:///s").command(one, "linux/amd64")
    other = Buildx(Path("/bin/docker")).command(one, "linux/amd64")
    for command in (own, other):
        assert f"id={SETTINGS},src={tmp_path}/secret" in command
        assert "type=image" in command
        assert str(tmp_path / "meta") in command
    assert "build-arg:A=1" in own
    assert f"context={tmp_path}/tree" in own
    assert str(tmp_path / "policy.json") in own
    assert other[-1] == f"{tmp_path}/tree"
    assert Buildx(Path("/bin/docker")).variables(one) == {
        "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": str(tmp_path / "policy.json")
    }


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_without_buildkit_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    for address in (None, "unix:///s"):
        with pytest.raises(UserError, match="buildx"):
            find(address, str(tmp_path))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("BuildKit: github.com/moby/buildkit v0.10.6 abc", "buildkitd v0.10.6 is older than 0.11"),
        ("BuildKit: github.com/moby/buildkit v0.11.0 abc", None),
        ("BuildKit: github.com/moby/buildkit v0.0.0+unknown ", None),
        ("nothing", "does not answer at unix:///s"),
    ],
)
def test_a_buildkit_that_is_too_old_is_named(tmp_path: Path, said: str, problem: str | None) -> None:
    buildctl = Buildctl(program(tmp_path, "buildctl", f"echo '{said}'"), "unix:///s")
    found = buildctl.problem({"PATH": "/bin"})
    assert found is None if problem is None else problem in (found or "")


def test_a_buildx_without_a_builder_says_how_to_make_one(tmp_path: Path) -> None:
    script = 'case "$2" in version) echo github.com/docker/buildx v0.9.1;; inspect) %s;; esac'
    docker = Buildx(program(tmp_path, "docker", script % "exit 1"))
    assert "docker buildx create --use" in (docker.problem({"PATH": "/bin"}) or "")
    docker = Buildx(program(tmp_path, "docker", script % "echo 'BuildKit version: v0.12.0'"))
    assert "docker buildx v0.9.1 is older than 0.10" in (docker.problem({"PATH": "/bin"}) or "")


INSPECTED = """\
Name:   default
Driver: docker

Nodes:
Name:                  default
BuildKit daemon flags: --allow-insecure-entitlement=network.host
BuildKit version:      v0.8+unknown
"""


@pytest.mark.parametrize(
    ("inspected", "whose"),
    [
        (INSPECTED, "the Docker Engine's own BuildKit, which docker buildx uses, v0.8 is older than 0.11"),
        (INSPECTED.replace("default", "ours").replace("docker\n", "remote\n"), "builder ours's BuildKit,"),
    ],
)
def test_a_builder_that_is_too_old_is_named_with_the_cure(tmp_path: Path, inspected: str, whose: str) -> None:
    script = f'case "$2" in version) echo buildx v0.20.0;; inspect) echo "{inspected}";; esac'
    said = Buildx(program(tmp_path, "docker", script)).problem({"PATH": "/bin"}) or ""
    assert said.startswith(whose)
    assert "(`docker buildx create --use`)" in said
    assert said.endswith("REPRISE_IMAGES__BUILDKIT to the address of a buildkitd of 0.11 or newer")


def test_the_policy_turns_names_into_digests_and_denies_the_rest() -> None:
    named, pinned = reference("python:3.11"), reference(f"ghcr.io/a/b@{DIGEST}")
    assert isinstance(named, Reference)
    assert isinstance(pinned, Reference)
    rules = json.loads(policy.policy({named: DIGEST, pinned: DIGEST}))["rules"]
    assert [rule["action"] for rule in rules] == ["CONVERT", "DENY", "ALLOW", "ALLOW", "ALLOW", "ALLOW"]
    assert rules[0]["updates"]["identifier"] == f"docker-image://docker.io/library/python@{DIGEST}"
    assert re.search(rules[0]["selector"]["identifier"], "docker-image://docker.io/library/python:3.11")
    assert not re.search(rules[0]["selector"]["identifier"], "docker-image://docker.io/library/python:3.110")


def test_the_policy_leaves_out_wildcards_which_end_some_daemons() -> None:
    named = reference("python:3.11")
    assert isinstance(named, Reference)
    rules = json.loads(policy.policy({named: DIGEST}))["rules"]
    assert {rule["selector"]["match_type"] for rule in rules} == {"REGEX"}


INDEX = {
    "UV_INDEX": "mirror=https://mirror.example/simple",
    "UV_INDEX_PRIVATE_PASSWORD": "s3cret",
    "UV_DEFAULT_INDEX": "https://user:s3cret@index.example/simple?x=1",
    "PIP_EXTRA_INDEX_URL": "https://a.example https://b.example/?token=s3cret",
    "HTTPS_PROXY": "http://user:s3cret@proxy.example",
    "UV_FIND_LINKS": "/opt/wheels",
    "PATH": "/bin",
    "GITHUB_TOKEN": "s3cret",
}


def test_settings_are_private_files_and_strangers_get_no_password(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text("index-url = 'https://u:s3cret@i.example'")
    (tmp_path / "ca.pem").write_text("certificate")
    system = {**INDEX, "SSL_CERT_FILE": f"{tmp_path}/ca.pem", "UV_CONFIG_FILE": f"{tmp_path}/uv.toml"}
    files = secrets.write(tmp_path / "own", system, trusted=True)
    assert set(files) == {SETTINGS, CERTIFICATES, UV_TOML}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files.values())
    text = files[SETTINGS].read_text()
    assert "export UV_INDEX_PRIVATE_PASSWORD=s3cret\n" in text
    assert "export SSL_CERT_FILE=/reprise/certificates.pem\n" in text
    assert not {"GITHUB_TOKEN", "PATH", "UV_FIND_LINKS"} & {
        line.split("=")[0][7:] for line in text.splitlines()
    }
    files = secrets.write(tmp_path / "strangers", system, trusted=False)
    assert set(files) == {SETTINGS, CERTIFICATES}
    assert "s3cret" not in files[SETTINGS].read_text()
    assert "mirror.example" in files[SETTINGS].read_text()


def test_pip_asks_the_index_that_uv_asks_unless_it_has_its_own(tmp_path: Path) -> None:
    system = {"UV_DEFAULT_INDEX": "ours=https://uv.example/simple"}
    text = secrets.write(tmp_path / "uv", system, trusted=True)[SETTINGS].read_text()
    assert "export PIP_INDEX_URL=https://uv.example/simple\n" in text
    both = {**system, "PIP_INDEX_URL": "https://pip.example/simple"}
    text = secrets.write(tmp_path / "both", both, trusted=True)[SETTINGS].read_text()
    assert "export PIP_INDEX_URL=https://pip.example/simple\n" in text


def test_the_files_that_count_do_so_by_content_mode_and_target(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": "1", "b/c": "2", "ignored/x": "3"})
    rules = parse("ignored\n")
    assert isinstance(rules, Ignore)
    seen = {context.digest_of_tree(tmp_path, rules)}
    (tmp_path / "ignored" / "x").write_text("other")
    assert context.digest_of_tree(tmp_path, rules) in seen
    for change in (
        lambda: (tmp_path / "a").write_text("changed"),
        lambda: (tmp_path / "a").chmod(0o755),
        lambda: (tmp_path / "a").rename(tmp_path / "d"),
        lambda: (tmp_path / "link").symlink_to("d"),
    ):
        change()
        digest = context.digest_of_tree(tmp_path, rules)
        assert digest not in seen
        seen.add(digest)
    assert context.digest_of(tmp_path, ["b", "absent"]) == context.digest_of(tmp_path, ["b/c"])


def test_whole_lines_are_copied_while_they_come(tmp_path: Path) -> None:
    with Follower(tmp_path / "build", tmp_path / "log") as follower:
        follower.copy()
        (tmp_path / "build").write_text("one\ntw")
        follower.copy()
        assert (tmp_path / "log").read_text() == "one\n"
        (tmp_path / "build").unlink()
        (tmp_path / "build").write_text("again\nend")
        follower.copy()
        follower.copy(rest=True)
    assert (tmp_path / "log").read_text() == "one\nagain\nend"


@pytest.mark.parametrize(
    ("output", "reason", "words"),
    [
        (
            "error: failed to receive status: rpc error: code = Unavailable desc = error reading",
            Reason.INFRASTRUCTURE,
            "BuildKit stopped while it built",
        ),
        (
            "#8 0.1 error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.\n"
            'error: failed to solve: process "/bin/sh -c uv sync --locked" did not complete successfully: '
            "exit code: 1",
            Reason.LOCK_STALE,
            "run `uv lock`",
        ),
        (
            "#8 0.1 error: Failed to fetch: `https://u:p@i.example/six/`\n#8 0.1   Caused by: dns error\n"
            'error: failed to solve: process "/bin/sh -c uv" did not complete successfully: exit code: 2',
            Reason.INFRASTRUCTURE,
            "the package index could not be reached: Failed to fetch: `https://i.example/six/`",
        ),
        (
            "error: failed to solve: write /x: no space left on device",
            Reason.INFRASTRUCTURE,
            "no space left",
        ),
        (
            'error: failed to solve: source "docker-image://docker.io/library/b:1" denied by policy: x',
            Reason.BUILD_FAILED,
            "takes docker.io/library/b:1 in a way",
        ),
        (
            'error: failed to solve: process "/bin/sh -c uv sync --no-editable" did not complete '
            "successfully: exit code: 1",
            Reason.BUILD_FAILED,
            "the project could not be built",
        ),
    ],
)
def test_what_buildkit_says(output: str, reason: Reason, words: str) -> None:
    told = troubles.explain(output, file="uv.lock", generated=True)
    assert told.reason is reason
    assert words in told.message
    assert "u:p@" not in told.message + told.detail
