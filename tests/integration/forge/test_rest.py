"""PyGithub against the forge: every call that Reprise makes, and what GitHub refuses."""

from typing import Any

import pytest
from github import BadCredentialsException, GithubException, UnknownObjectException
from tests.integration.forge.world import World

from reprise.forge.limits import CALLS
from reprise.forge.records import Status
from reprise.forge.store import Store


def refusal(error: pytest.ExceptionInfo[GithubException]) -> tuple[int, Any]:
    return error.value.status, error.value.data


def test_the_token_says_who_somebody_is(world: World) -> None:
    assert world.github("ada").get_user().login == "ada"


def test_an_unknown_token_is_refused_everywhere(world: World) -> None:
    world.make()
    stranger = world.github_with("ghp_wrong")
    with pytest.raises(BadCredentialsException):
        stranger.get_repo(world.full_name).get_git_ref("heads/main").complete()


def test_a_repository_is_found_by_name_and_by_number(world: World) -> None:
    world.make()
    by_name = world.repository("bot").complete()
    by_number = world.github("bot").get_repo(by_name.id).complete()
    assert (by_number.id, by_number.full_name) == (by_name.id, world.full_name)
    assert by_name.clone_url == f"{world.page}.git"
    assert by_name.default_branch == "main"


def test_calls_below_a_repository_number_work(world: World) -> None:
    sha = world.make().sha("HEAD")
    number = world.repository().complete().id
    lazily = world.github("ada").get_repo(number)
    assert lazily.get_commit(sha).commit.message == "first"


def test_a_name_is_taken_once_and_case_is_ignored(world: World) -> None:
    world.make()
    shouted = world.full_name.upper()
    assert world.repository(full_name=shouted).complete().full_name == world.full_name
    with pytest.raises(GithubException) as error:
        world.github("ada").get_user().create_repo(world.name.upper())
    assert refusal(error)[1]["errors"][0]["message"] == "name already exists on this account"


def test_a_private_repository_does_not_exist_for_strangers(world: World) -> None:
    clone = world.make(private=True)
    with pytest.raises(UnknownObjectException):
        world.repository("eve").get_commit(clone.sha("HEAD")).complete()
    with pytest.raises(UnknownObjectException):
        world.repository("eve").get_commit(clone.sha("HEAD")).create_status("success")


# --- commits and refs -----------------------------------------------------------------------------


def test_commits_are_found_by_sha_short_sha_branch_and_tag(world: World) -> None:
    clone = world.make()
    sha = clone.sha("HEAD")
    clone.git("tag", "-a", "paper/v1", "-m", "as submitted")
    clone.git("push", "-q", "origin", "paper/v1")
    repository = world.repository()
    for ref in (sha, sha[:7], "main", "heads/main", "paper/v1", "tags/paper/v1"):
        assert repository.get_commit(ref).complete().sha == sha, ref
    assert repository.get_commit(sha).author.login == "ada"


@pytest.mark.parametrize("ref", ["nothing", "f" * 40, "main~1", "HEAD^{tree}", "--all", ":/first", "@{0}"])
def test_an_unknown_ref_is_422(world: World, ref: str) -> None:
    world.make()
    with pytest.raises(GithubException) as error:
        world.repository().get_commit(ref).complete()
    assert error.value.status == 422
    assert error.value.data["message"] == f"No commit found for SHA: {ref}"


def test_an_empty_repository_is_409(world: World) -> None:
    world.make_empty()
    with pytest.raises(GithubException) as error:
        world.repository().get_commit("main").complete()
    assert error.value.status == 409


def test_refs_and_annotated_tags_are_readable(world: World) -> None:
    clone = world.make()
    clone.git("tag", "light")
    clone.git("tag", "-a", "v1", "-m", "as submitted")
    clone.git("push", "-q", "--tags")
    repository = world.repository()
    assert [ref.ref for ref in repository.get_git_matching_refs("tags/")] == [
        "refs/tags/light",
        "refs/tags/v1",
    ]
    ref = repository.get_git_ref("tags/v1")
    assert ref.object.type == "tag"
    tag = repository.get_git_tag(ref.object.sha)
    assert (tag.message, tag.object.sha) == ("as submitted", clone.sha("HEAD"))
    assert {tag.name: tag.commit.sha for tag in repository.get_tags()} == dict.fromkeys(
        ("light", "v1"), clone.sha("HEAD")
    )
    with pytest.raises(UnknownObjectException):
        repository.get_git_ref("tags/v2").complete()


def test_long_lists_come_in_pages(world: World) -> None:
    clone = world.make()
    names = [f"t{number:03}" for number in range(70)]
    for name in names:
        clone.git("tag", name)
    clone.git("push", "-q", "--tags")
    repository = world.repository()
    assert [ref.ref for ref in repository.get_git_matching_refs("tags/")] == [f"refs/tags/{n}" for n in names]
    assert [tag.name for tag in repository.get_tags()] == names[::-1]


def fill(world: World, status_id: int, count: int) -> None:
    """Many more like this one, straight into the forge's memory: by HTTP it would take a minute."""
    store = Store(world.state)
    row = store.get(Status, status_id)
    values = {name: getattr(row, name) for name in Status.__dataclass_fields__ if name != "id"}
    with store.changing():
        for _ in range(count):
            store.add(Status, **values)
    store.close()


# --- statuses -------------------------------------------------------------------------------------


def test_statuses_are_listed_newest_first_and_combined_by_context(world: World) -> None:
    commit = world.repository().get_commit(world.make().sha("HEAD"))
    commit.create_status("pending", context="reprise/table-2", description="queued")
    commit.create_status("success", "https://example.org/run", "0.93", "reprise/table-2")
    commit.create_status("success", context="Reprise/Other")
    assert [s.state for s in commit.get_statuses()] == ["success", "success", "pending"]
    combined = commit.get_combined_status()
    assert combined.state == "success"
    assert {s.context: s.target_url for s in combined.statuses} == {
        "reprise/table-2": "https://example.org/run",
        "Reprise/Other": None,
    }
    assert next(iter(commit.get_statuses())).creator.login == "ada"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("description", "x" * 141, "custom"),
        ("state", "done", "custom"),
        ("target_url", "javascript:alert(1)", "custom"),
        ("context", "", "invalid"),
    ],
)
def test_a_status_that_github_refuses_is_422(world: World, field: str, value: str, code: str) -> None:
    commit = world.repository().get_commit(world.make().sha("HEAD"))
    with pytest.raises(GithubException) as error:
        commit.create_status(**{"state": "success", field: value})
    status, data = refusal(error)
    assert status == 422
    assert data["message"] == "Validation Failed"
    assert [(e["resource"], e["field"], e["code"]) for e in data["errors"]] == [("Status", field, code)]


def test_140_characters_are_accepted_even_if_they_are_more_bytes(world: World) -> None:
    commit = world.repository().get_commit(world.make().sha("HEAD"))
    assert commit.create_status("success", description="é" * 140).description == "é" * 140


def test_a_status_on_the_object_of_an_annotated_tag_fails(world: World) -> None:
    clone = world.make()
    clone.git("tag", "-a", "v1", "-m", "as submitted")
    clone.git("push", "-q", "origin", "v1")
    with pytest.raises(GithubException) as error:
        world.repository().get_commit(clone.sha("v1")).create_status("success")
    assert error.value.status == 422


def test_a_context_takes_a_thousand_statuses_per_commit(world: World) -> None:
    sha = world.make().sha("HEAD")
    commit = world.repository().get_commit(sha)
    first = commit.create_status("pending", context="busy")
    fill(world, first.id, 999)
    with pytest.raises(GithubException) as error:
        commit.create_status("success", context="BUSY")
    assert error.value.status == 422
    commit.create_status("success", context="calm")


@pytest.mark.parametrize(("role", "allowed"), [("pull", False), ("push", True)])
def test_statuses_need_write_permission(world: World, role: str, allowed: bool) -> None:
    sha = world.make().sha("HEAD")
    world.repository().add_to_collaborators("bot", role)
    commit = world.repository("bot").get_commit(sha)
    if allowed:
        assert commit.create_status("success").creator.login == "bot"
        return
    with pytest.raises(GithubException) as error:
        commit.create_status("success")
    assert error.value.status == 403


# --- comments -------------------------------------------------------------------------------------


def test_a_commit_comment_is_made_found_and_edited(world: World) -> None:
    repository = world.repository()
    commit = repository.get_commit(world.make().sha("HEAD"))
    made = commit.create_comment("first")
    made.edit("second")
    assert [(c.id, c.body, c.user.login) for c in commit.get_comments()] == [(made.id, "second", "ada")]
    assert repository.get_comment(made.id).body == "second"


def test_comments_longer_than_github_takes_are_422(world: World) -> None:
    commit = world.repository().get_commit(world.make().sha("HEAD"))
    assert len(commit.create_comment("x" * 65_536).body) == 65_536
    for body in ("x" * 65_537, "  "):
        with pytest.raises(GithubException) as error:
            commit.create_comment(body)
        assert error.value.status == 422


def test_a_pull_request_collects_a_conversation(world: World) -> None:
    pull = world.pull(world.make())
    comment = world.repository("eve").get_pull(pull).create_issue_comment("/reproduce")
    issue = world.repository().get_issue(pull)
    assert [(c.id, c.body) for c in issue.get_comments()] == [(comment.id, "/reproduce")]
    issue.get_comment(comment.id).edit("edited by a maintainer")
    assert issue.get_comment(comment.id).body == "edited by a maintainer"
    assert world.repository().get_pull(pull).comments == 1


def test_a_stranger_cannot_edit_what_others_wrote(world: World) -> None:
    pull = world.pull(world.make())
    made = world.repository().get_pull(pull).create_issue_comment("mine")
    with pytest.raises(GithubException) as error:
        world.repository("eve").get_issue(pull).get_comment(made.id).edit("yours")
    assert error.value.status == 403


def test_the_same_reaction_counts_once(world: World) -> None:
    pull = world.pull(world.make())
    comment = world.repository().get_pull(pull).create_issue_comment("/reproduce")
    first = comment.create_reaction("eyes")
    assert comment.create_reaction("eyes").id == first.id
    assert [r.content for r in comment.get_reactions()] == ["eyes"]
    with pytest.raises(GithubException) as error:
        comment.create_reaction("facepalm")
    assert error.value.status == 422


# --- pull requests and people ---------------------------------------------------------------------


def test_a_pull_request_follows_its_branch(world: World) -> None:
    clone = world.make()
    number = world.pull(clone)
    first = clone.sha("HEAD")
    pull = world.repository().get_pull(number)
    assert (pull.head.sha, pull.state, pull.commits, pull.changed_files) == (first, "open", 1, 1)
    second = clone.commit("better")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/idea")
    assert world.repository().get_pull(number).head.sha == second
    assert world.repository().get_git_ref(f"pull/{number}/head").object.sha == second
    assert [p.number for p in world.repository().get_pulls()] == [number]


def test_a_closed_pull_request_keeps_its_ref(world: World) -> None:
    clone = world.make()
    number = world.pull(clone)
    world.repository().get_pull(number).edit(state="closed")
    clone.git("push", "-q", "origin", ":refs/heads/idea")
    assert world.repository().get_pull(number).state == "closed"
    assert world.repository().get_git_ref(f"pull/{number}/head").object.sha == clone.sha("HEAD")


def test_a_pull_request_from_a_fork_knows_both_sides(world: World) -> None:
    world.make()
    fork = world.repository("eve").create_fork()
    assert fork.full_name == f"eve/{world.name}"
    clone = world.clone("eve", owner="eve")
    clone.git("pull", "-q", "origin", "main")
    sha = clone.commit("from outside")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/idea")
    pull = world.repository("eve").create_pull(base="main", head="eve:idea", title="An idea")
    assert (pull.head.sha, pull.head.repo.id, pull.base.repo.full_name) == (sha, fork.id, world.full_name)
    assert pull.head.repo.id != pull.base.repo.id


@pytest.mark.parametrize(
    ("head", "base"), [("nothing", "main"), ("main", "nothing"), ("main", "main"), ("eve:main", "main")]
)
def test_an_impossible_pull_request_is_422(world: World, head: str, base: str) -> None:
    world.make()
    with pytest.raises(GithubException) as error:
        world.repository().create_pull(base=base, head=head, title="An idea")
    assert error.value.status == 422


def test_a_branch_has_one_open_pull_request(world: World) -> None:
    world.pull(world.make())
    with pytest.raises(GithubException) as error:
        world.repository().create_pull(base="main", head="idea", title="Again")
    assert "A pull request already exists for ada:idea." in str(error.value.data)


def test_permissions_of_people_are_told_to_those_who_may_write(world: World) -> None:
    world.make()
    repository = world.repository()
    repository.add_to_collaborators("bot", "push")
    asked = world.repository("bot")
    assert {login: asked.get_collaborator_permission(login) for login in ("ada", "bot", "eve")} == {
        "ada": "admin",
        "bot": "write",
        "eve": "read",
    }
    with pytest.raises(UnknownObjectException):
        asked.get_collaborator_permission("nobody")
    with pytest.raises(GithubException) as error:
        world.repository("eve").get_collaborator_permission("ada")
    assert error.value.status == 403


def test_there_is_a_rate_limit_to_ask_for(world: World) -> None:
    core = world.github("ada").get_rate_limit().resources.core
    assert (core.limit, 0 < core.remaining <= core.limit) == (CALLS, True)
