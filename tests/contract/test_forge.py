"""The Forge port's promises, kept by the fake and by the GitHub adapter against `reprise forge`."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract.forges import AdapterWorld, FakeWorld, LoopbackForge, World
from tests.fakes.forge import OWN_LOGIN

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import TokenCredentials
from reprise.domain.check import (
    MAX_ANNOTATIONS,
    MAX_MESSAGE,
    MAX_SUMMARY,
    MAX_TITLE,
    REPRODUCE,
    Annotation,
    AnnotationLevel,
    Check,
    CheckState,
    Conclusion,
)
from reprise.domain.errors import Refused
from reprise.domain.forge import (
    OnCommit,
    OnPullRequest,
    Permission,
    Place,
    PullRequest,
    Reaction,
    State,
    Status,
)
from reprise.domain.run import Repository, RunId, Sha, Standing

MISSING = Sha("d" * 40)
MARKER = "<!-- reprise:wine -->"
ALWAYS = datetime(2020, 1, 1, tzinfo=UTC)
PULL = OnPullRequest(1)


@pytest.fixture(scope="module")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackForge]:
    started = LoopbackForge(tmp_path_factory.mktemp("loopback"))
    yield started
    started.close()


@pytest.fixture(params=["fake", "adapter"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    return AdapterWorld(request.getfixturevalue("loopback"))


def status(context: str = "reprise/wine", state: State = State.PENDING, text: str = "queued") -> Status:
    return Status(context, state, text, None)


def put(world: World, place: Place, body: str, known_id: int | None = None) -> int:
    text = f"{MARKER}\n{body}"
    return world.forge.put_comment(world.repository, place, marker=MARKER, body=text, known_id=known_id)


def test_webhooks_are_read_as_github_shows_them_and_by_admins_only(loopback: LoopbackForge) -> None:
    world = AdapterWorld(loopback)
    config = {"url": "http://127.0.0.1:1/webhooks/github", "content_type": "json", "secret": "quiet"}
    hook = {"name": "web", "active": True, "events": ["push", "issue_comment"], "config": config}
    loopback.request("ada", "POST", f"/repos/{world.repository.full_name}/hooks", hook)
    owner = GitHubForge(loopback.api, TokenCredentials(loopback.tokens["ada"]), timeout=10, write_spacing=0)
    try:
        (seen,) = owner.hooks(world.repository)
    finally:
        owner.close()
    assert (seen.url, seen.events) == (config["url"], frozenset(["push", "issue_comment"]))
    assert (seen.active, seen.json) == (True, True)
    with pytest.raises(Refused, match="webhooks: read"):
        loopback.adapter.hooks(world.repository)


# --- repositories, commits, people ----------------------------------------------------------------


def test_a_repository_is_known_by_its_name_in_any_case(world: World) -> None:
    found = world.forge.repository(world.repository.full_name.upper())
    assert found == world.repository
    assert found.clone_url.endswith(".git")


def test_a_repository_that_is_not_there_is_refused(world: World) -> None:
    for name in ("ada/none", "none/none", "ada", "ada/wine/x", "ada/..", "../..", "ada/wine?x=1"):
        with pytest.raises(Refused):
            world.forge.repository(name)


def test_an_owners_repositories_are_listed(world: World) -> None:
    found = world.forge.repositories("ADA")
    assert found.count(world.repository) == 1
    assert {each.full_name.partition("/")[0] for each in found} == {"ada"}


def test_a_private_repository_is_listed_for_those_who_were_let_in(world: World) -> None:
    secret, closed = world.private(invited=True), world.private(invited=False)
    public = {each.full_name: each.public for each in world.forge.repositories("ada")}
    assert public[secret] is False
    assert world.forge.repository(secret).public is False
    assert closed not in public
    assert public[world.repository.full_name] is True


def test_an_owner_without_repositories_has_none_and_a_stranger_is_refused(world: World) -> None:
    assert world.forge.repositories("sam") == ()
    for name in ("nobody-of-this-name", "..", "ada/wine", "", "a?b"):
        with pytest.raises(Refused):
            world.forge.repositories(name)


def test_a_commit_is_found_by_sha_short_sha_tag_and_branch(world: World) -> None:
    for ref in (world.tagged, world.tagged[:7], "v1", "paper/v1", "main"):
        assert world.forge.commit(world.repository, ref) == world.tagged


def test_a_commit_that_is_not_there_is_none(world: World) -> None:
    for ref in (MISSING, "1234567", "v2", "no/such", "..", ".", "", "a b?c#d%2f"):
        assert world.forge.commit(world.repository, ref) is None


def test_a_commit_of_a_repository_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(Refused):
        world.forge.commit(Repository(1, "ada/none", ""), "v1")


def test_permissions_are_those_of_the_repository(world: World) -> None:
    def may(login: str) -> Permission:
        return world.forge.permission(world.repository, login)

    assert (may("ada"), may("wendy"), may("rita")) == (Permission.ADMIN, Permission.WRITE, Permission.READ)
    assert not may("sam").may_write
    assert may("nobody-of-this-name") is Permission.NONE


def test_a_pull_request_names_its_head_and_where_it_comes_from(world: World) -> None:
    expected = PullRequest(1, world.head, world.repository.id, world.repository.id, open=True)
    assert world.forge.pull_request(world.repository, 1) == expected
    assert not expected.from_fork
    world.close_pull_request()
    assert not world.forge.pull_request(world.repository, 1).open


def test_a_pull_request_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(Refused):
        world.forge.pull_request(world.repository, 99)


def test_open_pull_requests_are_those_that_are_open(world: World) -> None:
    assert world.forge.open_pull_requests(world.repository) == {1}
    world.close_pull_request()
    assert world.forge.open_pull_requests(world.repository) == frozenset()


# --- repositories that are left alone ---------------------------------------------------------------


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.REMOVED, Standing.DELETED])
def test_what_is_lost_is_neither_read_nor_written(world: World, standing: Standing) -> None:
    lost = replace(world.repository, standing=standing)
    for call in (
        lambda: world.forge.statuses(lost, world.tagged),
        lambda: world.forge.comments_since(lost, ALWAYS),
        lambda: world.forge.permission(lost, "ada"),
        lambda: world.forge.post_status(lost, world.tagged, status()),
    ):
        with pytest.raises(Refused, match=r"suspended|taken from|was deleted"):
            call()
    assert world.posted(world.tagged) == 0


def test_what_is_archived_is_read_and_not_written(world: World) -> None:
    archived = replace(world.repository, standing=Standing.ARCHIVED)
    comment = world.say(PULL, "hello", "wendy")
    assert world.forge.statuses(archived, world.tagged) == {}
    assert [each.id for each in world.forge.comments_since(archived, ALWAYS)] == [comment]
    for call in (
        lambda: world.forge.post_status(archived, world.tagged, status()),
        lambda: world.forge.react(archived, PULL, comment, Reaction.EYES),
        lambda: world.forge.put_comment(archived, PULL, marker=MARKER, body=MARKER, known_id=None),
    ):
        with pytest.raises(Refused, match="is archived"):
            call()
    assert world.posted(world.tagged) == 0
    assert len(world.comments(PULL)) == 1


# --- looking for comments -------------------------------------------------------------------------


def test_comments_in_conversations_and_on_commits_are_found_with_who_said_what(world: World) -> None:
    said = world.say(PULL, "/reproduce", "wendy")
    noted = world.say(OnCommit(world.tagged), "again: ü", "rita")
    found = {each.id: each for each in world.forge.comments_since(world.repository, ALWAYS)}
    assert {number: (each.place, each.author, each.body) for number, each in found.items()} == {
        said: (PULL, "wendy", "/reproduce"),
        noted: (OnCommit(world.tagged), "rita", "again: ü"),
    }
    assert not any(each.by_bot for each in found.values())
    assert all(each.created_at == each.updated_at for each in found.values())


def test_comments_are_found_from_their_last_change_on(world: World) -> None:
    first = put(world, PULL, "one")
    (only,) = world.forge.comments_since(world.repository, ALWAYS)
    assert [each.id for each in world.forge.comments_since(world.repository, only.updated_at)] == [first]
    assert world.forge.comments_since(world.repository, only.updated_at + timedelta(seconds=1)) == ()
    world.pass_a_second()
    put(world, PULL, "two", known_id=first)
    (edited,) = world.forge.comments_since(world.repository, only.updated_at + timedelta(seconds=1))
    assert (edited.id, edited.created_at) == (first, only.created_at)
    assert edited.updated_at > edited.created_at


def test_comments_of_a_repository_that_is_not_there_are_refused(world: World) -> None:
    gone = Repository(1, "ada/none", "")
    with pytest.raises(Refused):
        world.forge.comments_since(gone, ALWAYS)
    with pytest.raises(Refused):
        world.forge.open_pull_requests(gone)


# --- statuses -------------------------------------------------------------------------------------


def test_the_latest_status_of_each_context_is_read_back(world: World) -> None:
    done = Status("reprise/wine", State.SUCCESS, "reproduced: ü " + "x" * 126, "http://127.0.0.1:1/runs/1")
    first = world.forge.post_status(world.repository, world.tagged, status())
    second = world.forge.post_status(world.repository, world.tagged, done)
    world.forge.post_status(world.repository, world.tagged, status("reprise/wine/lda", State.FAILURE, ""))

    found = world.forge.statuses(world.repository, world.tagged)
    assert first != second == found["reprise/wine"].id
    assert found == {
        "reprise/wine": done,
        "reprise/wine/lda": status("reprise/wine/lda", State.FAILURE, ""),
    }
    assert world.forge.statuses(world.repository, world.head) == {}


def test_contexts_that_differ_in_case_are_one(world: World) -> None:
    world.forge.post_status(world.repository, world.tagged, status("CI/Build"))
    world.forge.post_status(world.repository, world.tagged, status("ci/build", State.ERROR))
    assert world.forge.statuses(world.repository, world.tagged) == {
        "ci/build": status("ci/build", State.ERROR)
    }


def test_a_description_over_140_characters_is_refused_and_nothing_posted(world: World) -> None:
    with pytest.raises(Refused, match="140"):
        world.forge.post_status(world.repository, world.tagged, status(text="x" * 141))
    assert world.posted(world.tagged) == 0


def test_a_status_on_a_missing_commit_is_refused(world: World) -> None:
    with pytest.raises(Refused):
        world.forge.post_status(world.repository, MISSING, status())


# --- comments -------------------------------------------------------------------------------------


def places(world: World) -> tuple[Place, Place]:
    return PULL, OnCommit(world.tagged)


def test_a_comment_is_made_once_and_then_edited(world: World) -> None:
    for place in places(world):
        comment_id = put(world, place, "running")
        assert put(world, place, "running") == comment_id
        assert put(world, place, "reproduced", known_id=comment_id) == comment_id
        assert put(world, place, "reproduced ü", known_id=None) == comment_id
        assert world.comments(place) == [(comment_id, OWN_LOGIN, f"{MARKER}\nreproduced ü")]


def test_a_remembered_comment_that_was_deleted_is_found_or_made_again(world: World) -> None:
    for place in places(world):
        comment_id = put(world, place, "one", known_id=999_999)
        assert put(world, place, "two", known_id=999_999) == comment_id
        assert [body for _, _, body in world.comments(place)] == [f"{MARKER}\ntwo"]


def test_somebody_elses_comment_with_our_marker_is_left_alone(world: World) -> None:
    for place in places(world):
        theirs = world.say(place, f"{MARKER}\nfake report", "wendy")
        ours = put(world, place, "real report")
        assert world.comments(place) == [
            (theirs, "wendy", f"{MARKER}\nfake report"),
            (ours, OWN_LOGIN, f"{MARKER}\nreal report"),
        ]


def test_comments_with_other_markers_and_places_stay_apart(world: World) -> None:
    other = "<!-- reprise:digits -->"
    first = put(world, PULL, "wine")
    second = world.forge.put_comment(world.repository, PULL, marker=other, body=other, known_id=None)
    third = put(world, OnCommit(world.head), "wine")
    assert len({first, second, third}) == 3
    assert [comment_id for comment_id, _, _ in world.comments(PULL)] == [first, second]


def test_a_body_that_is_too_long_or_empty_is_refused(world: World) -> None:
    for place, body in itertools.product(places(world), ("x" * 65_537, "")):
        with pytest.raises(Refused):
            world.forge.put_comment(world.repository, place, marker=MARKER, body=body, known_id=None)
        assert world.comments(place) == []


def test_a_comment_at_a_missing_place_is_refused(world: World) -> None:
    for place in (OnPullRequest(99), OnCommit(MISSING)):
        with pytest.raises(Refused):
            put(world, place, "hello")


def test_every_reaction_of_ours_counts_once(world: World) -> None:
    for place in places(world):
        comment_id = world.say(place, "/reproduce", "wendy")
        for reaction in (*Reaction, Reaction.EYES):
            world.forge.react(world.repository, place, comment_id, reaction)
        assert world.reactions(place, comment_id) == [reaction.value for reaction in Reaction]


def test_an_app_reacts_to_no_comment_on_a_commit(world: World) -> None:
    place = OnCommit(world.tagged)
    comment_id = world.say(place, "/reproduce", "wendy")
    world.app().react(world.repository, place, comment_id, Reaction.EYES)
    assert world.reactions(place, comment_id) == []


def test_a_reaction_to_a_missing_comment_is_refused(world: World) -> None:
    for place in places(world):
        with pytest.raises(Refused):
            world.forge.react(world.repository, place, 999_999, Reaction.EYES)


def test_a_reaction_finds_a_comment_only_where_it_stands(world: World) -> None:
    here, there = places(world)
    for place, other in ((here, there), (there, here)):
        comment_id = world.say(place, "/reproduce", "wendy")
        with pytest.raises(Refused):
            world.forge.react(world.repository, other, comment_id, Reaction.EYES)
        assert world.reactions(place, comment_id) == []


# --- check runs -----------------------------------------------------------------------------------

REFUSED = Annotation("reprise.yaml", 3, 5, "unknown key")


def check(world: World, run_id: str = "r1", **more: Any) -> Check:
    begun = {"state": CheckState.IN_PROGRESS, "conclusion": None, "title": "running", "summary": "so far"}
    return Check(name="reprise/wine", sha=world.tagged, run_id=RunId(run_id), **{**begun, **more})


def completed(world: World, run_id: str = "r1", **more: Any) -> Check:
    done = {
        "state": CheckState.COMPLETED,
        "conclusion": Conclusion.SUCCESS,
        "title": "reproduced",
        "summary": "| a |\n|--|\n| ü |",
        "actions": (REPRODUCE,),
        "details_url": "http://127.0.0.1:1/runs/r1",
        "started_at": datetime(2026, 1, 1, 10, tzinfo=UTC),
        "completed_at": datetime(2026, 1, 1, 11, tzinfo=UTC),
    }
    return check(world, run_id, **{**done, **more})


def test_only_an_app_writes_checks(world: World) -> None:
    assert world.forge.put_check(world.repository, check(world), None) is None
    assert world.checks(world.tagged) == []


def test_a_check_is_made_once_and_then_changed(world: World) -> None:
    app = world.app()
    queued = check(world, state=CheckState.QUEUED)
    made = app.put_check(world.repository, queued, None)
    assert app.put_check(world.repository, check(world), made) == made
    (stands,) = world.checks(world.tagged)
    assert (stands.name, stands.status, stands.conclusion) == ("reprise/wine", "in_progress", None)
    assert app.put_check(world.repository, completed(world), None) == made
    (stands,) = world.checks(world.tagged)
    assert (stands.id, stands.run_id, stands.title) == (made, "r1", "reproduced")
    assert (stands.status, stands.conclusion) == ("completed", "success")
    assert stands.details_url == "http://127.0.0.1:1/runs/r1"


def test_each_run_has_a_check_of_its_own(world: World) -> None:
    app = world.app()
    first = app.put_check(world.repository, completed(world, "r1"), None)
    second = app.put_check(world.repository, check(world, "r2"), None)
    assert app.put_check(world.repository, completed(world, "r1"), None) == first
    assert [(each.id, each.status) for each in world.checks(world.tagged)] == [
        (first, "completed"),
        (second, "in_progress"),
    ]


@pytest.mark.parametrize("conclusion", Conclusion)
def test_every_conclusion_is_known_there(world: World, conclusion: Conclusion) -> None:
    world.app().put_check(world.repository, completed(world, conclusion=conclusion), None)
    assert [each.conclusion for each in world.checks(world.tagged)] == [conclusion.value]


def test_annotations_are_added_once(world: World) -> None:
    app = world.app()
    marked = completed(world, conclusion=Conclusion.FAILURE, annotations=(REFUSED,))
    made = app.put_check(world.repository, check(world), None)
    for known in (made, made, None):
        assert app.put_check(world.repository, marked, known) == made
    (stands,) = world.checks(world.tagged)
    assert stands.annotations == (("reprise.yaml", 3, 5, "failure", None, "unknown key"),)


def test_an_annotation_may_warn_about_a_whole_line_under_a_title(world: World) -> None:
    light = Annotation("train.py", 12, None, "an absolute path", AnnotationLevel.WARNING, "RX32 warning")
    world.app().put_check(world.repository, completed(world, annotations=(light,)), None)
    (stands,) = world.checks(world.tagged)
    assert stands.annotations == (("train.py", 12, None, "warning", "RX32 warning", "an absolute path"),)


def test_a_remembered_check_that_is_gone_is_found_or_made_again(world: World) -> None:
    app = world.app()
    made = app.put_check(world.repository, check(world), 999_999)
    marked = completed(world, annotations=(REFUSED,))
    assert app.put_check(world.repository, marked, 999_999) == made
    assert [each.status for each in world.checks(world.tagged)] == ["completed"]


def test_a_check_on_a_missing_commit_is_refused(world: World) -> None:
    with pytest.raises(Refused):
        world.app().put_check(world.repository, replace(check(world), sha=MISSING), None)


def test_as_many_annotations_and_as_long_a_text_as_we_write_are_taken(world: World) -> None:
    marks = tuple(Annotation("reprise.yaml", n + 1, 1, "x" * MAX_MESSAGE) for n in range(MAX_ANNOTATIONS))
    full = completed(world, title="t" * MAX_TITLE, summary="s" * MAX_SUMMARY, annotations=marks)
    world.app().put_check(world.repository, full, None)
    (stands,) = world.checks(world.tagged)
    assert len(stands.annotations) == MAX_ANNOTATIONS
