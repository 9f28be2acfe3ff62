"""Does what a comment on a pull request or a tagged commit asks for, or a click on a check run of ours.

Called by intake; may be repeated.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from reprise.domain import command as commands
from reprise.domain import trust
from reprise.domain.backend import Needs, Unfit, choose_backend
from reprise.domain.command import (
    Approve,
    AskPlan,
    BadValue,
    Cancel,
    Command,
    Reproduce,
    ShowHelp,
    ShowStatus,
    Twice,
    Unknown,
)
from reprise.domain.forge import OnCommit, Permission, Reaction
from reprise.domain.run import Repository
from reprise.domain.spec.files import SpecFile
from reprise.domain.trust import Allowed, NeedsApproval, Refused
from reprise.engine import approvals, conversation, plans, stopping, targets
from reprise.engine.asking import Asked, confused, react, refuse, reply
from reprise.engine.conversation import wrong_argument
from reprise.engine.policies import Answer, Policies
from reprise.engine.settled import Settled, new_run
from reprise.engine.specs import read_specs
from reprise.engine.targets import Target
from reprise.engine.world import World
from reprise.store import checks
from reprise.store import intake as inbox
from reprise.store.intake import Trigger
from reprise.store.runs import get_run


def on_comment(world: World, repository: Repository, trigger: Trigger, policies: Policies) -> Settled:
    if trigger.place is None or trigger.comment_id is None:
        return Settled("a comment without a place")
    command = commands.parse(trigger.body or "")
    if command is None:
        return Settled("no command in this comment")
    permission = world.conversation.permission(repository, trigger.who)
    asked = Asked(trigger, repository, trigger.place, trigger.comment_id, permission)
    return _obey(world, asked, command, policies)


def on_click(world: World, repository: Repository, trigger: Trigger, policies: Policies) -> Settled:
    """As if whoever clicked had written the command that makes the same run again.

    For all checks of a commit: the one that runs all its experiments, where its newest check is talked about.
    """
    everything = trigger.ref == inbox.EVERY
    with world.store.read() as connection:
        newest = checks.newest_on(connection, repository.id, trigger.commit) if trigger.commit else None
        run = get_run(connection, (newest or "") if everything else trigger.ref)
    if run is None or (run.repository.id, run.commit) != (repository.id, trigger.commit):
        return Settled("a click on a check that is not ours")
    where = run.backend if run.backend in world.backends else None
    same = Reproduce(run.experiment, sha=run.commit, seeds=run.seeds, claims=run.claims, backend=where)
    command = Reproduce(everything=True, sha=run.commit) if everything else same
    there = replace(trigger, pull_request=run.pull_request)
    permission = world.conversation.permission(repository, trigger.who)
    return _obey(world, Asked(there, repository, run.place, None, permission), command, policies)


def _obey(world: World, asked: Asked, command: Command, policies: Policies) -> Settled:
    who = asked.trigger.who
    match command:
        case Reproduce():
            return _reproduce(world, asked, command, policies)
        case AskPlan(request):
            return _plan(world, asked, request, policies)
        case Approve(plan):
            return approvals.approve(world, asked, plan, policies)
        case ShowHelp() | ShowStatus() if _hears_nothing(world, asked):
            return confused(world, asked, f"{who} asks without end, or where only writers are answered")
        case ShowHelp():
            return reply(world, asked, conversation.help_text(asked.place))
        case ShowStatus():
            return reply(world, asked, conversation.status(world, asked.repository.id, asked.place))
        case _ if asked.by_outsider:
            return confused(world, asked, f"{who} may not write to this repository")
        case Cancel():
            return _cancel(world, asked)
        case Unknown() | Twice() | BadValue():
            return reply(world, asked, conversation.wrong_word(command))
        case _:
            assert_never(command)


def _hears_nothing(world: World, asked: Asked) -> bool:
    """An outsider's questions are answered in pull requests, as often a day as plans are made for them."""
    if not asked.by_outsider:
        return False
    since = world.clock.now() - timedelta(hours=24)
    with world.store.read() as connection:
        asks = inbox.comments_since(connection, asked.trigger, since)
    return isinstance(asked.place, OnCommit) or asks >= world.plans.per_day


def _cancel(world: World, asked: Asked) -> Settled:
    """The answer is a reaction, and later the edited report."""
    with world.store.read() as connection:
        going = stopping.cancellable(connection, asked.repository.id, asked.place)
        older = inbox.open_before(connection, asked.trigger)
    if not going and not older:
        return reply(world, asked, conversation.nothing_to_cancel(asked.place))
    react(world, asked, Reaction.THUMBS_UP)
    return Settled(f"{len(going)} run(s) stopping", cancels=asked.place)


def _reproduce(world: World, asked: Asked, command: Reproduce, policies: Policies) -> Settled:
    if asked.by_outsider and (isinstance(asked.place, OnCommit) or asked.comment_id is None):
        return confused(world, asked, f"{asked.trigger.who} may not write to this repository")
    target = targets.find(world, asked, command)
    if isinstance(target, Settled):
        return target
    question = target.question(asked.permission)
    first = _first_look(world, question, command)
    if isinstance(first, Refused) or (isinstance(first, NeedsApproval) and first.themself):
        return _not_allowed(world, asked, first, command, target)
    if isinstance(first, NeedsApproval):
        return _plan(world, asked, command, policies)
    files = _files(world, asked, command, target)
    if isinstance(files, Settled):
        return files
    answers = policies.decide(question, asked.repository, target.sha, files, command)
    decided = [answer.decision for answer in answers]
    if refused := next((each for each in decided if isinstance(each, Refused)), None):
        return _not_allowed(world, asked, refused, command, target)
    if any(isinstance(each, NeedsApproval) for each in decided):
        return _plan(world, asked, command, policies)
    react(world, asked, Reaction.EYES)
    return _runs(asked, command, target, files, answers)


def _first_look(world: World, question: trust.Asked, command: Reproduce) -> trust.Decision:
    """A repository's own policy is only ever stricter: what is refused already costs no look at its files."""
    decision = trust.decide(question, world.policy, trust.Cost())
    if isinstance(decision, Refused):
        return decision
    needs = Needs(untrusted=question.untrusted)
    where = choose_backend(world.offers, needs, world.policy, wanted=command.backend)
    return Refused(where.why) if isinstance(where, Unfit) else decision


def _plan(world: World, asked: Asked, command: Reproduce, policies: Policies) -> Settled:
    """Decided as for somebody who may do nothing: whoever asks for a plan wants to see it first."""
    if isinstance(asked.place, OnCommit):
        return refuse(world, asked, conversation.NO_PLAN_HERE)
    if plans.asks_too_often(world, asked):
        return confused(world, asked, f"{asked.trigger.who} asked for too many plans today")
    target = targets.find(world, asked, command)
    if isinstance(target, Settled):
        return target
    question = target.question(Permission.READ)
    first = _first_look(world, question, command)
    if isinstance(first, Refused):
        return _not_allowed(world, asked, first, command, target)
    files = _files(world, asked, command, target)
    if isinstance(files, Settled):
        return files
    answers = policies.decide(question, asked.repository, target.sha, files, command)
    decided = [answer.decision for answer in answers]
    if refused := next((each for each in decided if isinstance(each, Refused)), None):
        return _not_allowed(world, asked, refused, command, target)
    where = [answer.backend for answer in answers]
    return plans.propose(world, asked, command, target, files, where, policies)


def _not_allowed(
    world: World, asked: Asked, decision: Refused | NeedsApproval, command: Reproduce, target: Target
) -> Settled:
    text = conversation.not_allowed(decision, command, target.sha)
    return refuse(world, asked, decision.reason, text=text)


def _files(world: World, asked: Asked, command: Reproduce, target: Target) -> Sequence[SpecFile] | Settled:
    """The experiments that are meant, which all take the command's arguments; else an answer."""
    files = _wanted(read_specs(world.source, asked.repository, target.sha), command)
    if not files:
        return reply(world, asked, conversation.no_experiment(command, target.sha))
    wrong = next(filter(None, (wrong_argument(file.spec, command) for file in files)), None)
    return reply(world, asked, wrong) if wrong else files


def _wanted(files: Iterable[SpecFile], command: Reproduce) -> list[SpecFile]:
    if command.everything:
        return list(files)
    if command.experiment is None:
        return [file for file in files if file.is_root]
    return [file for file in files if file.spec.name == command.experiment]


def _runs(
    asked: Asked,
    command: Reproduce,
    target: Target,
    files: Sequence[SpecFile],
    answers: Sequence[Answer],
) -> Settled:
    why = f"{asked.words} on {target.ref}"
    runs = tuple(
        replace(
            new_run(
                asked.repository,
                target.sha,
                file,
                asked.trigger,
                ref=target.ref,
                generation=asked.name,
                why=why,
            ),
            seeds=command.seeds,
            claims=command.claims,
            spend_limit=answer.decision.limit if isinstance(answer.decision, Allowed) else None,
            untrusted=target.question(asked.permission).untrusted,
            backend=answer.backend,
        )
        for file, answer in zip(files, answers, strict=True)
    )
    return Settled(f"{len(runs)} experiment(s) at {target.sha[:7]}", runs, target.tagged)
