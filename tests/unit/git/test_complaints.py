"""Recorded words of git and what we make of them."""

import pytest

from reprise.adapters.git.complaints import explain, telling_line
from reprise.adapters.git.remote import parse_tags
from reprise.domain.errors import Refused, Retryable

SHA = "5b82f094907d468336382c27245729df26da7a74"

REFUSED = {
    f"fatal: remote error: upload-pack: not our ref {SHA}\n": "not in ada/paper any more",
    f"fatal: git upload-pack: not our ref {SHA}\nfatal: the remote end hung up unexpectedly\n": "any more",
    f"error: Server does not allow request for unadvertised object {SHA}\n": "any more",
    "remote: Repository not found.\nfatal: repository 'https://f.example/x/' not found\n": "does not exist",
    "fatal: '/x' does not appear to be a git repository\n": "does not exist",
    "fatal: could not read Username for 'https://f.example': terminal prompts disabled\n": "may not be",
    "remote: denied\nfatal: Authentication failed for 'https://f.example/x/'\n": "may not be read",
    "fatal: unable to access 'https://f.example/x/': The requested URL returned error: 403\n": "may not be",
    "error: object 5b82: hasDotgit: contains '.git'\nfatal: fsck error in packed object\n": "repair its",
    "fatal: transport 'file' not allowed\n": "not allowed",
}
RETRYABLE = (
    "fatal: unable to access 'https://f.example/x/': Could not resolve host: f.example\n",
    "fatal: unable to access 'https://f.example/x/': Failed to connect to f.example port 443: refused\n",
    "fatal: unable to access 'https://f.example/x/': The requested URL returned error: 503\n",
    "error: RPC failed; curl 28 Operation too slow.\nfatal: early EOF\n",
    "fatal: the remote end hung up unexpectedly\n",
    "",
)


@pytest.mark.parametrize(("words", "meaning"), REFUSED.items())
def test_a_no_is_refused(words: str, meaning: str) -> None:
    error = explain(words, repository="ada/paper", sha=SHA)
    assert isinstance(error, Refused)
    assert meaning in str(error)


@pytest.mark.parametrize("words", RETRYABLE)
def test_silence_and_trouble_may_work_later(words: str) -> None:
    assert isinstance(explain(words, repository="ada/paper", sha=SHA), Retryable)


def test_credentials_never_reach_a_message() -> None:
    assert "hunter2" not in telling_line("fatal: unable to access 'https://ada:hunter2@f.example/x/': no\n")


def test_listed_tags_are_peeled_and_other_lines_are_left_out() -> None:
    listing = (
        f"{'1' * 40}\trefs/tags/v1\n{'2' * 40}\trefs/tags/v1^{{}}\n{'3' * 40}\trefs/tags/a/b\n"
        f"{'4' * 40}\trefs/heads/main\nwarning: nonsense\n"
    )
    assert parse_tags(listing) == {"v1": "2" * 40, "a/b": "3" * 40}
