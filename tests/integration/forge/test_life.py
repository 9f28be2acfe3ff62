"""Starting, stopping and starting again; what the forge refuses to be."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.integration.forge.world import World

from reprise.domain.errors import UserError
from reprise.forge import server


def test_a_restart_keeps_everything(lonely: World) -> None:
    clone = lonely.make()
    number = lonely.pull(clone)
    repository = lonely.repository()
    repository.get_commit(clone.sha("HEAD")).create_status("failure", description="missed by 0.02")
    comment = repository.get_pull(number).create_issue_comment("**hello**")
    comment.create_reaction("rocket")
    lonely.restart()
    repository = lonely.repository()
    assert repository.get_commit(clone.sha("HEAD")).get_combined_status().state == "failure"
    kept = repository.get_issue(number).get_comment(comment.id)
    assert (kept.body, [r.content for r in kept.get_reactions()]) == ("**hello**", ["rocket"])
    assert clone.git("ls-remote", "origin", f"refs/pull/{number}/head").startswith(clone.sha("HEAD"))


def test_an_account_made_while_it_runs_works_at_once(lonely: World) -> None:
    lonely.tokens["new"] = server.add_user(lonely.state, "new")
    assert lonely.github("new").get_user().login == "new"


def test_a_second_token_does_not_end_the_first(lonely: World) -> None:
    second = server.add_user(lonely.state, "ada")
    first = lonely.github("ada").get_user()
    assert lonely.github_with(second).get_user().login == first.login


def test_tokens_are_not_kept_in_clear(lonely: World) -> None:
    written = b"".join(path.read_bytes() for path in lonely.state.iterdir() if path.is_file())
    assert b"ada@example.org" in written
    assert lonely.tokens["ada"].encode() not in written


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_it_binds_to_loopback_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(UserError, match="loopback only"):
        server.start(tmp_path, host=host)


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"cannot listen on 127.0.0.1 port {port}"):
            server.start(tmp_path, port=port)


def test_a_folder_has_one_forge(lonely: World) -> None:
    with pytest.raises(UserError, match="another forge is using"):
        server.start(lonely.state)


def test_a_refused_start_leaves_the_folder_free(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        server.start(tmp_path, host="0.0.0.0")
    server.start(tmp_path).stop()


@pytest.mark.parametrize("login", ["", "-a", "a--b", "a/b", "../x", "api", "avatars", "x" * 40])
def test_impossible_logins_are_refused(tmp_path: Path, login: str) -> None:
    with pytest.raises(UserError, match="cannot be a login"):
        server.add_user(tmp_path, login)


@pytest.mark.real
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_is_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    program = "import sys, pathlib; from reprise.forge.server import main; "
    program += "main(pathlib.Path(sys.argv[1]), '127.0.0.1', 0, users=['ada'])"
    argv = [sys.executable, "-u", "-c", program, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, _, said = (process.stdout.readline().split()[-1] for _ in range(3))
        headers = {"Authorization": f"token {said}"}
        reply = httpx.get(f"{url}/api/v3/user", headers=headers, verify=False)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert reply.json()["login"] == "ada"
    assert (process.returncode, errors) == (0, "")


def test_it_answers_on_ipv6_loopback_too(tmp_path: Path) -> None:
    try:
        running = server.start(tmp_path, host="::1")
    except UserError as error:
        pytest.skip(f"no IPv6 here: {error}")
    try:
        assert httpx.get(running.url, verify=False).status_code == 200
    finally:
        running.stop()
