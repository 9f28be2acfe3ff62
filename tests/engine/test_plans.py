"""Plans: what somebody who may not start runs gets, and what an approval of one does."""

from datetime import timedelta

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    SPEC,
    Controller,
    Outside,
    Pull,
    assert_clean,
    pull_request,
    reason,
    spec_with,
)
from tests.fakes.runner import FakeJob

from reprise.domain.audit import Action
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import Permission, Reaction, State
from reprise.domain.plan import Plan
from reprise.domain.policy import Policy
from reprise.domain.run import Reason
from reprise.store import intake as inbox
from reprise.store import plans
from reprise.store.intake import NewTrigger

TWO = {**FILES, ".reprise/ablation.yaml": SPEC}


def comments(outside: Outside, pull: Pull) -> list[str]:
    return [comment.body for comment in outside.comments(pull.repository, pull.place)]


def plan_comment(outside: Outside, pull: Pull) -> str:
    (found,) = [body for body in comments(outside, pull) if "<!-- reprise:plans:" in body]
    return found


def replies(outside: Outside, pull: Pull) -> list[str]:
    return [body for body in comments(outside, pull) if "reprise:reply" in body]


def open_plans(controller: Controller, pull: Pull) -> list[Plan]:
    with controller.world.store.read() as connection:
        return plans.open_at(connection, pull.repository.id, pull.number)


def asked_by(controller: Controller, pull: Pull, said: str = "/reproduce", *, who: str = "bob") -> Plan:
    """The plan that a comment leads to."""
    controller.told_comment(pull, said, who=who)
    controller.work()
    (plan,) = open_plans(controller, pull)
    return plan


def changed(controller: Controller, pull: Pull) -> None:
    """The delivery that tells of a push to the pull request, or of its end."""
    place = pull.repository
    new = NewTrigger(inbox.CHANGE, place.id, place.full_name, f"#{pull.number}", "ada", pull.number)
    controller._add(new)


def another(outside: Outside, pull: Pull, number: int) -> Pull:
    outside.forge.add_pull_request(pull.repository, number, pull.sha)
    return Pull(pull.repository, number, pull.sha)


def pushed(outside: Outside, pull: Pull, files: dict[str, str]) -> Pull:
    sha = outside.commit(pull.repository, {**FILES, **files})
    outside.forge.add_pull_request(pull.repository, pull.number, sha)
    return Pull(pull.repository, pull.number, sha)


# --- being asked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["bob", "mallory"])
def test_an_outsider_gets_a_plan_and_no_run(controller: Controller, outside: Outside, who: str) -> None:
    pull = pull_request(outside)
    comment = controller.told_comment(pull, who=who, times=3)
    controller.work()
    assert controller.runs() == []
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.EYES]
    (plan,) = open_plans(controller, pull)
    (body,) = comments(outside, pull)
    assert f"/reproduce approve {plan.id}" in body
    assert f"`{who}` asks to reproduce `{pull.sha}`" in body
    assert "Nothing runs until somebody who may start runs here" in body
    assert outside.provider.owned() == ()


def test_a_plan_says_what_would_run_and_what_it_costs(controller: Controller, outside: Outside) -> None:
    spec = {"run:\n": "resources: {cpus: 8, memory: 32GB, duration: 10m}\nruns: {n: 3}\nrun:\n"}
    pull = pull_request(outside, files=spec_with(spec))
    plan = asked_by(controller, pull)
    body = plan_comment(outside, pull)
    for told in (
        f"| commit | `{pull.sha}` |",
        f"| experiment | `reprise.yaml`, sha256 `{plan.facts.spec_sha256}` |",
        "| command | `python train.py` |",
        "| trials | 3 trials and a probe, each at most 20 min |",
        "`requirements.txt`, sha256 `",
        "**weak: it has no hashes**",
        "| hardware | backend `process`, 8 cores, 32.0 GB of memory |",
        "| network | `fetch-only` |",
        "| expected time | 40 min, as declared |",
        "| cost | at most 1 h 20 min of one machine; then the run is ended |",
    ):
        assert told in body
    assert plan.expires_at - plan.created_at == timedelta(days=7)


@pytest.mark.parametrize(
    ("arguments", "self_repeat", "told", "cost"),
    [
        (["--x"], "true", "1 trial, a probe and a control, each", "1 h"),
        (["--x", "--x"], "true", "1 trial, a probe and a control, each", "1 h"),
        (["--x", "--y"], "false", "1 trial and 2 controls, each", "1 h"),
    ],
)
def test_controls_are_told_and_paid_for(
    controller: Controller, outside: Outside, arguments: list[str], self_repeat: str, told: str, cost: str
) -> None:
    claims = "".join(
        f"  - {{id: c{number}, metric: {{file: m.json, pointer: /a}}, published: {{value: 1}}, "
        f"control: {{args: [{each}]}}}}\n"
        for number, each in enumerate(arguments)
    )
    head = SPEC.partition("claims:")[0]
    spec = (
        f"{head}resources: {{duration: 10m}}\ndeterminism: {{self_repeat: {self_repeat}}}\nclaims:\n{claims}"
    )
    pull = pull_request(outside, files={**FILES, "reprise.yaml": spec})
    asked_by(controller, pull)
    body = plan_comment(outside, pull)
    assert f"| trials | {told} at most 20 min |" in body
    assert "| expected time | 30 min, as declared |" in body
    assert f"| cost | at most {cost} of one machine" in body


def test_nothing_to_install_is_not_weakly_pinned(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside, files={**FILES, "requirements.txt": "# nothing\n\n"})
    asked_by(controller, pull)
    body = plan_comment(outside, pull)
    assert "weak" not in body
    assert ", it names nothing to install; " in body


def test_a_plans_heading_names_the_fork_and_the_options(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    outside.forge.add_pull_request(pull.repository, pull.number, pull.sha, head_repository_id=999)
    plan = asked_by(controller, pull, "/reproduce seeds=3 claims=accuracy")
    body = plan_comment(outside, pull)
    assert f"### Plan `{plan.id}` for wine of a fork with `seeds=3 claims=accuracy`\n" in body
    assert "| what | value |" in body


def test_what_earlier_runs_took_is_expected(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull)
    controller.work()
    asked_by(controller, pull)
    assert "from an earlier run" in plan_comment(outside, pull)


def test_a_writer_may_look_before_approving_themself(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    plan = asked_by(controller, pull, "/reproduce plan", who="ada")
    assert controller.runs() == []
    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    controller.work()
    assert_clean(controller)
    assert reason(controller.run()) is Reason.COMPLETED


def test_all_plans_of_a_pull_request_stand_in_one_comment(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside, files=TWO)
    controller.told_comment(pull, "/reproduce all", who="bob")
    controller.told_comment(pull, "/reproduce all", who="mallory")
    controller.told_comment(pull, "/reproduce", who="mallory")
    controller.work()
    assert {plan.experiment for plan in open_plans(controller, pull)} == {"wine", "ablation"}
    (body,) = comments(outside, pull)
    assert body.count("/reproduce approve") == 2


def test_who_asks_for_the_same_again_gets_the_same_plan(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    plan = asked_by(controller, pull)
    assert asked_by(controller, pull, who="mallory") == plan


def test_other_arguments_take_the_place_of_the_open_plan(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    first = asked_by(controller, pull)
    second = asked_by(controller, pull, "/reproduce seeds=5")
    assert second.facts.trials == 5
    assert second.id != first.id
    assert "| trials | 5 trials" in plan_comment(outside, pull)
    controller.told_comment(pull, f"/reproduce approve {first.id}")
    controller.work()
    assert controller.runs() == []
    assert "That plan is void: a newer plan took its place. `/reproduce plan`" in replies(outside, pull)[0]


def test_a_stranger_cannot_flood(make: Make, outside: Outside) -> None:
    controller = make()
    first = pull_request(outside)
    pulls = [another(outside, first, number) for number in range(10, 23)]
    reactions = []
    for pull in pulls:
        comment = controller.told_comment(pull, "/reproduce", who="mallory")
        controller.work()
        reactions += outside.forge.reactions_to(pull.repository, comment)
    assert reactions == [Reaction.EYES] * 10 + [Reaction.CONFUSED] * 3
    assert [len(comments(outside, pull)) for pull in pulls] == [1] * 10 + [0] * 3
    outside.clock.advance(24 * 3600 + 1)
    controller.told_comment(pulls[-1], "/reproduce", who="mallory")
    controller.work()
    assert len(comments(outside, pulls[-1])) == 1


def test_refusals_of_one_stranger_stand_in_one_comment(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    for said in ("/reproduce nothing", "/reproduce approve p0123abcd", "/reproduce deadbeef"):
        controller.told_comment(pull, said, who="mallory")
    controller.work()
    (body,) = comments(outside, pull)
    assert "leave the commit out" in body


@pytest.mark.parametrize("said", ["/reproduce", "/reproduce plan"])
def test_a_spec_that_cannot_be_read_is_told_instead(
    controller: Controller, outside: Outside, said: str
) -> None:
    pull = pull_request(outside, files={**FILES, "reprise.yaml": "version: 7\n"})
    controller.told_comment(pull, said, who="bob")
    controller.work()
    (body,) = comments(outside, pull)
    assert "its spec cannot be used: reprise.yaml:1:1: the key 'run' is missing" in body
    assert open_plans(controller, pull) == []


def test_strangers_words_cannot_break_out_of_the_table(controller: Controller, outside: Outside) -> None:
    command = "[sh, -c, 'echo | tee `x` @ada <!-- reprise:reply -->']"
    pull = pull_request(outside, files=spec_with({"[python, train.py]": command}))
    asked_by(controller, pull)
    (row,) = [line for line in plan_comment(outside, pull).splitlines() if line.startswith("| command")]
    assert row.count("|") == 3
    assert "@ada" not in row


# --- approving -----------------------------------------------------------------------------------------


def test_an_approval_runs_exactly_the_planned_commit_once(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    plan = asked_by(controller, pull, "/reproduce seeds=3")
    comment = controller.told_comment(pull, f"/reproduce approve {plan.id}", times=3)
    controller.work()
    assert_clean(controller)
    run = controller.run()
    assert (run.commit, run.experiment, run.seeds, run.who) == (pull.sha, "wine", 3, "ada")
    assert run.spend_limit == plan.facts.most
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.EYES]
    assert outside.statuses(pull.repository, pull.sha)["reprise/wine"].state is State.SUCCESS
    assert f"### Plan `{plan.id}` for wine with `seeds=3`: approved by ada" in plan_comment(outside, pull)
    approved = next(deed for deed in controller.audit(run) if deed.action is Action.APPROVED)
    assert (approved.who, approved.comment_id) == ("ada", comment)
    assert f"{plan.id}, asked for by bob, at {pull.sha[:7]}, at most" in approved.detail

    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    controller.work()
    assert len(controller.runs()) == 1
    assert "was approved already" in replies(outside, pull)[0]


@pytest.mark.parametrize("who", ["bob", "mallory"])
def test_who_may_not_write_cannot_approve(controller: Controller, outside: Outside, who: str) -> None:
    pull = pull_request(outside)
    plan = asked_by(controller, pull)
    controller.told_comment(pull, f"/reproduce approve {plan.id}", who=who)
    controller.work()
    assert controller.runs() == []
    assert open_plans(controller, pull) == [plan]
    assert "Only somebody who may write may approve a plan" in replies(outside, pull)[0]
    assert [deed.action for deed in controller.audit()] == [Action.REFUSED]


def test_a_new_head_voids_a_plan_without_being_told(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    plan = asked_by(controller, pull)
    pushed(outside, pull, {"train.py": "mine bitcoin"})
    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    controller.work()
    assert controller.runs() == []
    assert "There are new commits since that plan was made" in replies(outside, pull)[0]
    assert "void: there are new commits" in plan_comment(outside, pull)


def test_a_push_voids_a_plan_as_soon_as_it_is_told(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    plan = asked_by(controller, pull)
    newer = pushed(outside, pull, {"train.py": "mine bitcoin"})
    changed(controller, newer)
    controller.work()
    assert open_plans(controller, pull) == []
    assert f"### Plan `{plan.id}` for wine: void: there are new commits" in plan_comment(outside, pull)
    pushed(outside, pull, {})
    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    controller.work()
    assert controller.runs() == []
    assert "That plan is void: there are new commits." in replies(outside, pull)[0]


def test_a_late_delivery_voids_no_plan_of_the_head_that_stands(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    plan = asked_by(controller, pull)
    changed(controller, pull)
    controller.work()
    assert open_plans(controller, pull) == [plan]


def test_a_closed_pull_request_voids_its_plans(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    asked_by(controller, pull)
    outside.forge.change_pull_request(pull.repository, pull.number, open=False)
    changed(controller, pull)
    controller.work()
    assert "void: the pull request was closed" in plan_comment(outside, pull)


def test_a_plan_expires(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    plan = asked_by(controller, pull)
    outside.clock.advance(7 * 24 * 3600)
    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    controller.work()
    assert controller.runs() == []
    assert "has expired" in replies(outside, pull)[0]
    assert "it has expired" in plan_comment(outside, pull)


def test_a_plan_of_another_pull_request_is_unknown_here(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    other = another(outside, pull, 8)
    plan = asked_by(controller, pull)
    controller.told_comment(other, f"/reproduce approve {plan.id}")
    controller.work()
    assert controller.runs() == []
    assert "no such plan in this pull request" in replies(outside, other)[0]


def test_whoever_lost_their_role_cannot_approve_what_they_asked_to(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    plan = asked_by(controller, pull)
    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    outside.forge.set_permission(pull.repository, "ada", Permission.READ)
    controller.work()
    assert controller.runs() == []


def test_where_administrators_decide_a_writer_gets_a_plan_too(make: Make, outside: Outside) -> None:
    controller = make(policy=Policy(who=Permission.ADMIN))
    pull = pull_request(outside)
    outside.forge.set_permission(pull.repository, "root", Permission.ADMIN)
    plan = asked_by(controller, pull, who="ada")
    assert "Nothing runs until an administrator (the policy wants one: `policy.who`" in plan_comment(
        outside, pull
    )
    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    controller.work()
    assert controller.runs() == []
    controller.told_comment(pull, f"/reproduce approve {plan.id}", who="root")
    controller.work()
    assert_clean(controller)
    assert controller.run().who == "root"


def test_a_run_that_takes_more_than_was_approved_is_ended(controller: Controller, outside: Outside) -> None:
    spec = spec_with({"  seed: {arg: --seed}\n": "  seed: {arg: --seed}\n  timeout: 10m\n"})
    pull = pull_request(outside, files=spec)
    plan = asked_by(controller, pull)
    outside.runner.script = lambda job: FakeJob(forever=True)
    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    controller.start()
    controller.until(lambda: outside.runner.started)
    outside.clock.advance(plan.facts.most)
    controller.work()
    assert_clean(controller)
    run = controller.run()
    assert reason(run) is Reason.OVER_BUDGET
    limited = next(deed for deed in controller.audit(run) if deed.action is Action.LIMITED)
    assert limited.who == "reprise"


# --- trouble -------------------------------------------------------------------------------------------


def test_a_forge_that_does_not_answer_is_told_of_the_plan_later(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    outside.forge.fail("put_comment", Retryable("the forge does not answer"))
    asked_by(controller, pull)
    assert comments(outside, pull) == []
    outside.clock.advance(20)
    controller.work()
    assert "/reproduce approve" in plan_comment(outside, pull)


def test_a_forge_that_takes_no_comment_stops_nobody(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    outside.forge.fail("put_comment", Refused("comments are locked"))
    plan = asked_by(controller, pull)
    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    controller.work()
    assert_clean(controller)
    assert reason(controller.run()) is Reason.COMPLETED
