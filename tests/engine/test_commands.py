"""What people say in a pull request, and what stands there afterwards."""

import threading

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    SPEC,
    Controller,
    Outside,
    Pull,
    assert_clean,
    measured,
    pull_request,
    wait_for,
)
from tests.fakes.runner import FakeJob

from reprise.domain.forge import OnCommit, Reaction, State
from reprise.domain.run import Phase, Verdict
from reprise.ports import JobRequest

TWO = {**FILES, ".reprise/ablation.yaml": SPEC}
"""The root experiment is called wine, as its repository."""


def replies(outside: Outside, pull: Pull) -> list[str]:
    return [c.body for c in outside.comments(pull.repository, pull.place) if "reprise:reply" in c.body]


def report(outside: Outside, pull: Pull) -> str:
    (found,) = [
        c.body for c in outside.comments(pull.repository, pull.place) if "reprise:reply" not in c.body
    ]
    return found


def experiments(controller: Controller) -> list[str]:
    return sorted(run.experiment for run in controller.runs())


def test_a_writer_gets_eyes_at_once_and_one_comment_that_is_edited(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    during: list[str] = []

    def job(_: JobRequest) -> FakeJob:
        during.append(report(outside, pull))
        return measured(0.93)

    outside.runner.script = job
    comment = controller.told_comment(pull)
    controller.resolve()
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.EYES]
    controller.work()
    assert_clean(controller)
    assert "### wine: building the environment" in during[0]
    (stands,) = outside.comments(pull.repository, pull.place)
    assert stands.edits >= 1
    assert "### wine: reproduced at level B" in stands.body
    assert outside.statuses(pull.repository, pull.sha)["reprise/wine"].state is State.SUCCESS
    assert outside.comments(pull.repository, OnCommit(pull.sha)) == []


@pytest.mark.parametrize("who", ["bob", "mallory"])
@pytest.mark.parametrize("said", ["cancel", "wine quickly", "approve p1", "seeds=0"])
def test_whoever_may_not_write_gets_a_reaction_and_no_run(
    controller: Controller, outside: Outside, who: str, said: str
) -> None:
    pull = pull_request(outside)
    comment = controller.told_comment(pull, f"/reproduce {said}", who=who)
    controller.work()
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.CONFUSED]
    assert controller.runs() == []
    assert outside.comments(pull.repository, pull.place) == []


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/reproduce help", "`/reproduce all` every experiment"),
        ("/reproduce status", "Nothing was reproduced in this pull request yet"),
        ("/reproduce wine quickly", "I do not know `quickly`"),
        ("/reproduce approve", "by `ada`:\n\n`approve` takes the id of a plan"),
        ("/reproduce approve p1", "`approve` takes the id of a plan, such as `p0123abcd`"),
        ("/reproduce approve p0123abcd", "There is no such plan in this pull request"),
        ("/reproduce plan nothing", "its file would be `.reprise/nothing.yaml`"),
        ("/reproduce plan 1234567", "no commit `1234567`"),
        ("/reproduce cancel", "Nothing of this pull request waits or runs"),
        ("/reproduce seeds=5 Seeds=6", "`seeds=` stands there twice: give it once."),
        ("/reproduce seeds=0", "I cannot use `seeds=0`: `seeds=` takes a whole number from 1 to 1000"),
        ("/reproduce backend=cloud", "I cannot use `backend=cloud`: `backend=` takes `process`"),
        ("/reproduce claims=loss", "`wine` has no claim `loss`: it has `accuracy`"),
        ("/reproduce nothing", "its file would be `.reprise/nothing.yaml`"),
        ("/reproduce 1234567", "no commit `1234567`"),
    ],
)
def test_a_question_is_answered_once_even_when_it_is_delivered_three_times(
    controller: Controller, outside: Outside, said: str, answer: str
) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull, said, times=3)
    controller.work()
    (reply,) = replies(outside, pull)
    assert answer in reply
    assert controller.runs() == []


@pytest.mark.parametrize("said", ["help", "status"])
def test_an_outsider_is_answered_in_one_comment_and_not_without_end(
    controller: Controller, outside: Outside, said: str
) -> None:
    pull = pull_request(outside)
    comments = [controller.told_comment(pull, f"/reproduce {said}", who="mallory") for _ in range(12)]
    controller.work()
    (reply,) = replies(outside, pull)
    assert f"To `/reproduce {said}` by `mallory`:" in reply
    reactions = [outside.forge.reactions_to(pull.repository, comment) for comment in comments]
    assert reactions == [[]] * 10 + [[Reaction.CONFUSED]] * 2


def test_a_reply_says_what_it_answers_and_lets_nobody_break_out(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull, f"Hello!\n/reproduce `x` @bob {'y' * 200}\n/reproduce help")
    controller.work()
    (reply,) = replies(outside, pull)
    first = reply.splitlines()[0]
    assert first.startswith("To `/reproduce 'x' @\u200bbob yyy")
    assert first.endswith("yyy…` by `ada`:")
    assert len(first) < 110


def test_two_questions_get_two_answers(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull, "/reproduce help")
    controller.told_comment(pull, "/reproduce help")
    controller.work()
    assert len(replies(outside, pull)) == 2


def test_status_names_every_run_and_its_place(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside, files=TWO)
    controller.told_comment(pull, "/reproduce all")
    controller.resolve()
    controller.told_comment(pull, "/reproduce status")
    controller.resolve()
    (queued,) = replies(outside, pull)
    assert f"wine at {pull.sha[:7]}: queued, place 1" in queued
    assert f"ablation at {pull.sha[:7]}: queued, place 2" in queued
    controller.work()
    controller.told_comment(pull, "/reproduce status")
    controller.work()
    ended = replies(outside, pull)[-1]
    assert f"wine at {pull.sha[:7]}: **reproduced**" in ended


def test_a_closed_pull_request_runs_nothing(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    outside.forge.change_pull_request(pull.repository, pull.number, open=False)
    controller.told_comment(pull)
    controller.work()
    (reply,) = replies(outside, pull)
    assert "is closed" in reply
    assert controller.runs() == []


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("/reproduce", ["wine"]),
        ("/reproduce ablation", ["ablation"]),
        ("/reproduce all", ["ablation", "wine"]),
    ],
)
def test_which_experiments_a_command_runs(
    controller: Controller, outside: Outside, said: str, wanted: list[str]
) -> None:
    pull = pull_request(outside, files=TWO)
    controller.told_comment(pull, said, times=2)
    controller.resolve()
    assert experiments(controller) == wanted


def test_a_sha_runs_that_commit(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    older = outside.commit(pull.repository, {**FILES, "notes.txt": "older"})
    controller.told_comment(pull, f"/reproduce {older[:10]}")
    controller.work()
    assert [run.commit for run in controller.runs()] == [older]
    assert outside.statuses(pull.repository, older)["reprise/wine"].state is State.SUCCESS
    assert outside.statuses(pull.repository, pull.sha) == {}


def test_a_commit_without_a_spec_is_explained(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside, files={"README.md": "hello"})
    controller.told_comment(pull)
    controller.work()
    (reply,) = replies(outside, pull)
    assert f"no `reprise.yaml` at {pull.sha[:7]}" in reply


def test_a_second_command_makes_a_new_run_and_edits_the_same_comment(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull)
    controller.work()
    outside.runner.script = lambda job: measured(0.5)
    controller.told_comment(pull)
    controller.work()
    assert_clean(controller)
    first, second = controller.runs()
    assert first.judgement is not None
    assert second.judgement is not None
    assert first.judgement.verdict is Verdict.REPRODUCED
    assert second.judgement.verdict is Verdict.NOT_REPRODUCED
    assert "not reproduced" in report(outside, pull)
    assert outside.statuses(pull.repository, pull.sha)["reprise/wine"].state is State.FAILURE


def test_all_experiments_stand_in_one_comment(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside, files=TWO)
    controller.told_comment(pull, "/reproduce all")
    controller.work()
    body = report(outside, pull)
    assert "### ablation: reproduced" in body
    assert "### wine: reproduced" in body


# --- an older and a newer run of the same --------------------------------------------------------------


def test_an_older_run_never_overwrites_the_statuses_of_a_newer_one(make: Make, outside: Outside) -> None:
    """The older one is still running when the newer one has its verdict."""
    controller = make(slots=2)
    pull = pull_request(outside)
    started: list[str] = []
    go_on = threading.Event()

    def job(request: JobRequest) -> FakeJob:
        started.append(request.run_id)
        if request.run_id != started[0]:
            return measured(0.93)
        wait_for(go_on)
        return measured(0.5)

    outside.runner.script = job
    controller.start()
    controller.told_comment(pull)
    controller.until(lambda: started)
    controller.told_comment(pull)
    controller.until(lambda: len(controller.runs()) == 2 and controller.runs()[1].ended_at)
    newer = outside.statuses(pull.repository, pull.sha)
    assert newer["reprise/wine"].state is State.SUCCESS
    outside.clock.advance(60)
    go_on.set()
    controller.work()
    assert_clean(controller)
    assert controller.runs()[0].phase is Phase.DONE
    assert outside.statuses(pull.repository, pull.sha) == newer
    assert "### wine: reproduced" in report(outside, pull)


def test_a_tags_report_appears_also_when_a_pull_request_ran_the_commit_since(
    make: Make, outside: Outside
) -> None:
    """Statuses belong to the commit and the newest run, a report to the place where somebody waits for it."""
    controller = make(slots=1)
    pull = pull_request(outside)
    outside.source.tag(pull.repository, "v1", pull.sha)
    controller.told_tag(pull.repository, "v1")
    controller.resolve()
    controller.told_comment(pull)
    controller.resolve()
    controller.work()
    assert_clean(controller)
    assert len(controller.runs()) == 2
    assert len(outside.comments(pull.repository, OnCommit(pull.sha))) == 1
    assert len(outside.comments(pull.repository, pull.place)) == 1


def test_two_experiments_of_one_commit_that_run_together_share_one_comment(
    make: Make, outside: Outside
) -> None:
    controller = make(slots=2)
    repository = outside.repository()
    sha = outside.tag(repository, "v1", TWO)
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    (comment,) = outside.comments(repository, OnCommit(sha))
    assert "### ablation: reproduced" in comment.body
    assert "### wine: reproduced" in comment.body


# --- intake --------------------------------------------------------------------------------------------


def test_a_second_tag_on_the_same_commit_joins_the_run(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    sha = outside.tag(repository, "v1")
    outside.source.tag(repository, "paper-1", sha)
    controller.told_tag(repository, "v1")
    controller.told_tag(repository, "paper-1")
    controller.resolve()
    assert len(controller.runs()) == 1


def test_a_tag_runs_only_the_experiments_that_want_it(controller: Controller, outside: Outside) -> None:
    picky = f"on: {{tags: ['paper-*']}}\n{SPEC}"
    repository = outside.repository()
    outside.tag(repository, "v1", {**FILES, ".reprise/ablation.yaml": picky})
    outside.tag(repository, "paper-1", {**FILES, ".reprise/ablation.yaml": picky, "x": "1"})
    controller.told_tag(repository, "v1")
    controller.resolve()
    assert experiments(controller) == ["wine"]
    controller.told_tag(repository, "paper-1")
    controller.resolve()
    assert experiments(controller) == ["ablation", "wine", "wine"]


def test_a_tag_without_a_spec_posts_nothing(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    sha = outside.tag(repository, "v1", {"README.md": "hello"})
    controller.told_tag(repository, "v1")
    controller.work()
    assert controller.runs() == []
    assert outside.forge.statuses_on(repository, sha) == []
