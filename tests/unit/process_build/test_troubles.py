"""Recorded words of uv and whose fault they are."""

import pytest

from reprise.adapters.process.troubles import explain, explain_export
from reprise.domain.run import Reason

REFUSED_CONNECTION = """\
Using Python 3.11.2 environment at: venv
error: Failed to fetch: https://index.example/simple/six/
  cause: error sending request for url (https://index.example/simple/six/)
  cause: client error (Connect)
  cause: tcp connect error
  cause: Connection refused (os error 111)
"""
NO_SUCH_VERSION = """\
error: No solution found when resolving dependencies
  cause: Because there is no version of six==99.0 and you require six==99.0, we can conclude that your \
requirements are unsatisfiable.
"""
OFFLINE = """\
error: No solution found when resolving dependencies
  cause: Because attrs was not found in the cache and your project depends on attrs, we can conclude.

hint: Packages were unavailable because the network was disabled. When the network is disabled, …
"""
HASH_MISMATCH = """\
Resolved 1 package in 111ms
error: Failed to download `six==1.17.0`
  cause: Hash mismatch for `six==1.17.0`

         Expected:
           sha256:0000
"""
BUILD = """\
error: The build backend returned an error
  cause: Call to `setuptools.build_meta:__legacy__.get_requires_for_build_wheel` failed (exit status: 3)

         [stderr]
         boom: Connection refused
"""
OLDER_UV = """\
  × No solution found when resolving dependencies:
  ╰─▶ Because there is no version of six==99.0 and you require six==99.0, we can conclude …
"""
STALE = """\
error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.

hint: To update the lockfile, run `uv lock`.
"""
FULL = """\
error: Failed to install: six-1.17.0-py2.py3-none-any.whl (six==1.17.0)
  cause: failed to copy file
  cause: No space left on device (os error 28)
"""


@pytest.mark.parametrize(
    ("output", "reason", "words"),
    [
        (REFUSED_CONNECTION, Reason.INFRASTRUCTURE, "the package index could not be reached"),
        (REFUSED_CONNECTION, Reason.INFRASTRUCTURE, "https://index.example/simple/six/"),
        (NO_SUCH_VERSION, Reason.ENVIRONMENT_FAILED, "there is no version of six==99.0"),
        (OFFLINE, Reason.INFRASTRUCTURE, "could not be reached"),
        (HASH_MISMATCH, Reason.ENVIRONMENT_FAILED, "Hash mismatch for `six==1.17.0`"),
        (BUILD, Reason.ENVIRONMENT_FAILED, "The build backend returned an error"),
        (OLDER_UV, Reason.ENVIRONMENT_FAILED, "there is no version of six==99.0"),
        (FULL, Reason.INFRASTRUCTURE, "six==1.17.0"),
        ("", Reason.ENVIRONMENT_FAILED, "uv said nothing"),
    ],
)
def test_the_fault_is_where_uvs_own_words_put_it(output: str, reason: Reason, words: str) -> None:
    result = explain(output, what="it failed", fault=Reason.ENVIRONMENT_FAILED)
    assert result.reason is reason
    assert words in result.message


def test_a_stale_lock_says_what_to_run() -> None:
    result = explain_export(STALE, lock="uv.lock")
    assert result.reason is Reason.LOCK_STALE
    assert "run `uv lock` and commit uv.lock" in result.message


def test_credentials_reach_neither_message_nor_detail() -> None:
    output = "error: Failed to fetch: https://ada:hunter2@index.example/simple/\n  cause: denied\n"
    result = explain(output, what="it failed", fault=Reason.ENVIRONMENT_FAILED)
    assert "hunter2" not in result.message + result.detail
