"""Where a submodule's address leads, and where it must not lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.adapters.git.addresses import Address, locate
from reprise.domain.errors import Refused

PAPER = "https://forge.example/ada/paper.git"
LOOPBACK = "http://127.0.0.1:8000/ada/paper.git"


def at(written: str, *, top: str = PAPER, holder: str | None = None) -> Address:
    return locate(written, holder=holder or top, top=top)


@pytest.mark.parametrize(
    ("written", "url", "credentials"),
    [
        ("../lib.git", "https://forge.example/ada/lib.git", True),
        ("../../bob/lib", "https://forge.example/bob/lib", False),
        ("./sub", "https://forge.example/ada/paper.git/sub", True),
        (".././lib", "https://forge.example/ada/lib", True),
        ("https://forge.example/ADA/lib.git", "https://forge.example/ADA/lib.git", True),
        ("https://forge.example/bob/lib.git", "https://forge.example/bob/lib.git", False),
        ("https://forge.example:444/ada/lib", "https://forge.example:444/ada/lib", False),
        ("https://forge.example.evil.example/ada/lib", "https://forge.example.evil.example/ada/lib", False),
        ("https://other.example/ada/lib", "https://other.example/ada/lib", False),
    ],
)
def test_an_https_address_is_used_and_our_token_goes_to_the_same_owner_only(
    written: str, url: str, credentials: bool
) -> None:
    assert at(written) == Address(url, credentials, "https")


def test_a_nested_relative_address_starts_from_its_holder() -> None:
    found = at("../x", holder="https://other.example/bob/lib")
    assert (found.url, found.credentials) == ("https://other.example/bob/x", False)


def test_the_loopback_forge_speaks_http_to_itself_only() -> None:
    assert at("../lib", top=LOOPBACK) == Address("http://127.0.0.1:8000/ada/lib", True, "http:https")
    for written in ("http://127.0.0.1:8001/ada/lib", "http://other.example/ada/lib", "https://127.0.0.1/x"):
        with pytest.raises(Refused):
            at(written, top=LOOPBACK)


def test_an_http_forge_elsewhere_hands_out_no_submodules() -> None:
    with pytest.raises(Refused, match="not an https one"):
        at("../lib", top="http://forge.example/ada/paper")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("git@github.com:ada/lib.git", "write https://github.com/ada/lib.git"),
        ("ssh://git@github.com/ada/lib.git", "write https://github.com/ada/lib.git"),
        ("git://forge.example/lib", "not an https one"),
        ("http://forge.example/lib", "not an https one"),
        ("file:///etc", "not an https one"),
        ("/srv/lib.git", "not an https one"),
        ("ext::sh -c touch% /tmp/x", "cannot be used|not an https one"),
        ("--upload-pack=touch", "not an https one"),
        ("", "cannot be used"),
        ("https://ada:pw@forge.example/lib", "carries credentials"),
        ("https://forge.example/ada/../bob/lib", "cannot be used"),
        ("https://forge.example/ada/%2E%2e/bob/lib", "cannot be used"),
        ("https://forge.example/ada%2F..%2Fbob/lib", "cannot be used"),
        ("https://forge.example\\@evil.example/lib", "carries credentials"),
        ("https://forge.example/lib?x", "cannot be used"),
        ("https://forge.example/lib\nx", "cannot be used"),
        ("https://forge.example:x/lib", "not an https one"),
        ("https://localhost/lib", "names no public host"),
        ("https://127.0.0.1/lib", "names no public host"),
        ("https://2130706433/lib", "names no public host"),
        ("https://0x7f.1/lib", "names no public host"),
        ("https://[::1]/lib", "names no public host"),
        ("https:///lib", "names no public host"),
        ("../../../lib", "climbs above"),
    ],
)
def test_any_other_address_is_refused_with_the_next_step(written: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as caught:
        at(written)
    assert "pw" not in str(caught.value)


def test_a_relative_address_in_a_folder_of_this_machine_has_no_start() -> None:
    with pytest.raises(Refused, match="is relative"):
        at("../lib", top="file:///home/ada/paper")


def test_what_our_token_opened_is_cached_apart() -> None:
    url = "https://forge.example/ada/lib"
    assert Address(url, True, "https").key != Address(url, False, "https").key


@given(st.text(max_size=60) | st.text(alphabet="htps:/.@-aé%2e\\[]?# 0", max_size=40))
def test_whatever_is_written_there_the_token_stays_with_its_owner(written: str) -> None:
    for prefix in ("", "../", "https://forge.example/"):
        try:
            found = at(prefix + written)
        except Refused:
            continue
        assert found.url.startswith("https://")
        assert not found.credentials or found.url.lower().startswith("https://forge.example/ada")
