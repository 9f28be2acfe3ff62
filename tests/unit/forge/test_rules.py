"""Small rules of the forge: signatures, what a push announces, names of refs, combined states."""

import pytest

from reprise.domain.forge import Permission
from reprise.domain.loopback import is_loopback
from reprise.forge.delivery import sign
from reprise.forge.events import RefChange, announced, ref_changes
from reprise.forge.page.content import SYMBOLS
from reprise.forge.records import ROLE_RANK, ReactionContent, at_least
from reprise.forge.replies.commits import combined_state
from reprise.forge.repositories import REF_NAME, Ref


def test_signatures_are_githubs() -> None:
    """GitHub's own published example."""
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sign("It's a Secret to Everybody", b"Hello, World!") == expected


def test_only_branches_and_tags_count_as_changed() -> None:
    before = [Ref("refs/heads/main", "a", "commit"), Ref("refs/tags/gone", "b", "commit")]
    after = [
        Ref("refs/heads/main", "c", "commit"),
        Ref("refs/tags/new", "d", "tag"),
        Ref("refs/pull/1/head", "e", "commit"),
    ]
    assert ref_changes(before, after) == [
        RefChange("refs/heads/main", "a", "c"),
        RefChange("refs/tags/gone", "b", None),
        RefChange("refs/tags/new", None, "d"),
    ]


@pytest.mark.parametrize(("tags", "told"), [(3, 4), (4, 1)])
def test_more_than_three_tags_are_not_announced_but_the_branch_is(tags: int, told: int) -> None:
    changes = [RefChange(f"refs/tags/v{n}", None, "a") for n in range(tags)]
    assert len(announced([RefChange("refs/heads/main", None, "a"), *changes])) == told


@pytest.mark.parametrize(
    ("states", "combined"),
    [
        ([], "pending"),
        (["success"], "success"),
        (["success", "pending"], "pending"),
        (["pending", "failure"], "failure"),
        (["success", "error"], "failure"),
    ],
)
def test_combined_state(states: list[str], combined: str) -> None:
    assert combined_state(states) == combined


@pytest.mark.parametrize("name", ["v1", "paper/v1.0", "a-b_c", "2026.1", "ünicode", "feature/x.y"])
def test_names_of_refs_are_accepted(name: str) -> None:
    assert REF_NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-x",
        "--all",
        "a..b",
        "main~1",
        "main^",
        "a:b",
        "@{0}",
        "a b",
        "a\\b",
        "/a",
        "a/",
        "a//b",
        ".a",
        "a/.b",
        "a.lock",
    ],
)
def test_what_git_could_read_as_something_else_is_no_name(name: str) -> None:
    assert not REF_NAME.fullmatch(name)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_roles_are_ordered_weakest_first() -> None:
    assert list(ROLE_RANK) == [Permission.NONE, Permission.READ, Permission.WRITE, Permission.ADMIN]
    assert at_least(Permission.ADMIN, Permission.WRITE)
    assert not at_least(Permission.READ, Permission.WRITE)


def test_every_reaction_has_a_symbol() -> None:
    assert SYMBOLS.keys() == set(ReactionContent)
