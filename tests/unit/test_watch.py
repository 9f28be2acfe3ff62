"""Which repositories a watch includes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.errors import UserError
from reprise.domain.watch import read_watch
from reprise.settings import load_settings


@pytest.mark.parametrize(
    ("entry", "name", "included"),
    [
        ("ada/wine", "Ada/WINE", True),
        ("ada/wine", "ada/wine-2", False),
        ("Ada/*", "ada/anything.else", True),
        ("ada/*", "adam/wine", False),
        ("ada/*", "ada/", True),
        ("ada/paper-*", "ada/Paper-7", True),
        ("ada/paper-*", "ada/wine", False),
        ("ada/paper-?", "ada/paper-77", False),
        ("ada/[pw]*", "ada/wine", True),
        ("ada/wine", "adawine", False),
    ],
)
def test_a_watch_includes_by_name_or_by_pattern(entry: str, name: str, included: bool) -> None:
    assert read_watch((entry,)).includes(name) is included


@pytest.mark.parametrize("entry", ["*/*", "*/wine", "a*/b", "[ab]/c", "ada", "ada/", "/wine", "a/b/c", ""])
def test_an_entry_that_names_no_owner_is_refused(entry: str) -> None:
    with pytest.raises(UserError, match="owner"):
        read_watch(("ada/wine", entry))


def test_each_owner_is_listed_once_and_people_see_every_entry() -> None:
    watch = read_watch(("ada/wine", "Bob/*", "bob/x-*"))
    assert [owner.lower() for owner in watch.owners] == ["bob"]
    assert watch.entries == ("Bob/*", "ada/wine", "bob/x-*")


def test_settings_take_patterns_and_say_what_is_wrong_with_others() -> None:
    assert load_settings(watch="ada/wine, bob/*").watched.includes("bob/new")
    with pytest.raises(UserError, match=r"REPRISE_WATCH.*pattern over owners"):
        load_settings(watch="*/wine")


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_name_can_be_asked_about(entry: str, name: str) -> None:
    try:
        watch = read_watch((entry,))
    except UserError:
        return
    watch.includes(name)


def test_a_watch_that_names_nothing_is_of_what_the_app_was_given() -> None:
    watch = read_watch(())
    assert watch.installed
    assert watch.includes("anybody/anything")
    assert watch.entries == ("what the GitHub App is installed on",)
    assert not read_watch(("ada/wine",)).installed
