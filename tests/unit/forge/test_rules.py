"""Small rules of the forge: signatures, what a push announces, names of refs, combined states."""

from typing import get_args

import pytest

from reprise.domain.forge import Permission, State
from reprise.domain.loopback import is_loopback
from reprise.forge.api.check_bodies import Conclusion
from reprise.forge.checks import WORST_FIRST, CheckRun, suite_state
from reprise.forge.delivery import sign
from reprise.forge.events import RefChange, announced, ref_changes
from reprise.forge.page import checks
from reprise.forge.page.content import SYMBOLS
from reprise.forge.page.sessions import own_path
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


# --- check runs -----------------------------------------------------------------------------------


def run(id: int, name: str = "wine", conclusion: str | None = None, status: str = "queued") -> CheckRun:
    return CheckRun(
        id=id,
        suite_id=1,
        repository_id=1,
        app_id=1,
        sha="a" * 40,
        name=name,
        external_id="",
        details_url=None,
        status="completed" if conclusion else status,
        conclusion=conclusion,
        started_at="2026-01-01T00:00:00Z",
        completed_at="2026-01-01T01:02:05Z" if conclusion else None,
        title=None,
        summary=None,
        text=None,
        actions='[{"label": "Reproduce", "description": "Once more", "identifier": "reproduce"}]',
        updated_at="2026-01-01T00:00:00Z",
    )


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([], ("queued", None)),
        ([run(1)], ("queued", None)),
        ([run(1), run(2, "other", "success")], ("in_progress", None)),
        ([run(1, conclusion="failure"), run(2, conclusion="success")], ("completed", "success")),
        ([run(1, conclusion="failure"), run(2, "other", "success")], ("completed", "failure")),
        (
            [run(1, conclusion="neutral"), run(2, "other", "action_required")],
            ("completed", "action_required"),
        ),
    ],
)
def test_a_suite_stands_as_the_latest_of_its_runs(
    runs: list[CheckRun], state: tuple[str, str | None]
) -> None:
    assert suite_state(runs) == state


def test_buttons_show_after_the_end() -> None:
    assert run(1).buttons == ()
    assert [button.identifier for button in run(1, conclusion="success").buttons] == ["reproduce"]


def test_how_long_a_run_took_is_said_in_two_units() -> None:
    assert checks.lasted(run(1, conclusion="success")) == "ran 1 h 2 m"
    assert checks.lasted(run(1)) == ""


def test_every_conclusion_and_state_has_a_look_and_every_look_its_words() -> None:
    assert checks.OF_CONCLUSION.keys() == set(get_args(Conclusion)) == set(WORST_FIRST)
    assert checks.OF_STATE.keys() == {state.value for state in State}
    assert checks.COUNTED.keys() == checks.HEADLINES.keys() == set(checks.Look)


@pytest.mark.parametrize("to", ["//evil", "/\\evil", "http://evil", "", "evil", "/a\nb"])
def test_a_page_leads_to_its_own_forge_only(to: str) -> None:
    assert own_path(to) == "/"
    assert own_path("/ada/paper?x=1") == "/ada/paper?x=1"
