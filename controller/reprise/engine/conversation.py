"""What Reprise answers to commands: short texts, each saying what to do next."""

from typing import assert_never

from reprise.domain.command import BadValue, Reproduce, Twice, Unknown
from reprise.domain.forge import OnCommit, OnPullRequest, Place
from reprise.domain.run import Sha
from reprise.domain.spec.model import BadSpec, Spec
from reprise.domain.text import code, inline
from reprise.domain.trust import MOVED, NeedsApproval, Refused
from reprise.engine.view import outlook
from reprise.engine.world import World
from reprise.store.runs import Run, runs_at

_HELP = """\
- `/reproduce` runs the experiment of `reprise.yaml` at {commit}
- `/reproduce NAME` runs `.reprise/NAME.yaml`, `/reproduce all` every experiment
{sha}{plan}- `seeds=N` after any of these runs at least N trials, `claims=a,b` judges only these claims
- `/reproduce status` says where the runs of {place} are
- `/reproduce cancel` stops those that have no verdict yet
- `/reproduce help` shows this"""
_SHA_HELP = (
    "- `/reproduce SHA` (7 to 40 digits) runs that commit; of a fork only the head, and only like this\n"
)
_PLAN_HELP = (
    "- `/reproduce plan` shows what would run and what it may cost, `/reproduce approve ID` runs a plan\n"
)
CLOSED = "This pull request is closed: reopen it, or push a tag, to reproduce its commit."
NO_PLAN_HERE = (
    "Plans are for pull requests: here `/reproduce` runs the tagged commit, for people who may write."
)


def help_text(place: Place) -> str:
    match place:
        case OnPullRequest():
            head = "this pull request's head"
            return _HELP.format(commit=head, sha=_SHA_HELP, plan=_PLAN_HELP, place="this pull request")
        case OnCommit():
            return _HELP.format(commit="this commit, again", sha="", plan="", place="this commit")
        case _:
            assert_never(place)


def nothing_to_cancel(place: Place) -> str:
    what = "pull request" if isinstance(place, OnPullRequest) else "commit"
    return f"Nothing of this {what} waits or runs. `/reproduce` starts."


def nothing_done(place: Place) -> str:
    where = "in this pull request" if isinstance(place, OnPullRequest) else "at this commit"
    return f"Nothing was reproduced {where} yet. `/reproduce` starts."


def not_allowed(decision: Refused | NeedsApproval, command: Reproduce, head: Sha) -> str:
    """The reason, with the command to write where naming the commit is what is missing."""
    if decision.reason != MOVED and not (isinstance(decision, NeedsApproval) and decision.themself):
        return decision.reason
    what = "all" if command.everything else command.experiment
    words = " ".join(filter(None, ("/reproduce", what, head)))
    return f"{decision.reason} The head is now {code(head[:7])}:\n\n```\n{words}\n```"


def bad_spec(spec: BadSpec) -> str:
    first = f": {inline(str(spec.problems[0]))}" if spec.problems else ""
    return f"There is no plan for {code(spec.name)}, because its spec cannot be used{first}"


def wrong_word(command: Unknown | Twice | BadValue) -> str:
    match command:
        case Unknown(word):
            return f"I do not know {code(word)}. `/reproduce help` lists what I know."
        case Twice(option):
            return f"`{option}=` stands there twice: give it once."
        case BadValue(word, wanted):
            option, equals, _ = word.partition("=")
            name = f"{option.lower()}=" if equals else word.split()[0]
            takes = f"`{name}` takes {wanted}."
            return takes if word.lower() == name else f"I cannot use {code(word)}: {takes}"
        case _:
            assert_never(command)


def wrong_argument(spec: Spec | BadSpec, command: Reproduce) -> str | None:
    """Why this spec cannot be run as asked. One that cannot be read says so in its own report."""
    if isinstance(spec, BadSpec):
        return None
    if command.seeds is not None and command.seeds < spec.n:
        declared = f"{code(spec.name)} declares {spec.n} trials"
        return f"`seeds={command.seeds}` is too few: {declared}, and a run may only have more."
    known = [claim.id for claim in spec.claims]
    missing = next((each for each in command.claims or () if each not in known), None)
    if missing is None:
        return None
    there = ", ".join(map(code, known[:10])) + (" …" if len(known) > 10 else "")
    return f"{code(spec.name)} has no claim {code(missing)}: it has {there or 'none'}."


def no_commit(sha: str) -> str:
    return f"This repository has no commit {code(sha)}: give 7 to 40 digits of one that was pushed."


def another_commit(asked: Sha, here: Sha) -> str:
    return (
        f"This is a comment on {code(here[:7])}, which is not {code(asked)}: "
        "comment on that commit, or on a pull request that names it."
    )


def not_tagged(sha: Sha) -> str:
    return (
        f"No tag names {code(sha[:7])} now, and here only tagged commits are run. "
        "Push a tag on it, or comment on its pull request."
    )


def no_experiment(command: Reproduce, sha: Sha) -> str:
    if command.everything:
        return f"There is no experiment at {sha[:7]}: add a `reprise.yaml`."
    if command.experiment is None:
        return f"There is no `reprise.yaml` at {sha[:7]}. `/reproduce all` runs what is in `.reprise/`."
    file = code(f".reprise/{command.experiment}.yaml")
    return f"There is no experiment {code(command.experiment)} at {sha[:7]}: its file would be {file}."


def status(world: World, repository_id: int, place: Place) -> str:
    """A line per experiment: the newest run of each."""
    with world.store.read() as connection:
        newest = {run.experiment: run for run in runs_at(connection, repository_id, place)}
    if not newest:
        return nothing_done(place)
    return "\n".join(_line(run, outlook(world, run)) for run in newest.values())


def _line(run: Run, outlook: str) -> str:
    name = f"- {inline(run.experiment)} at {run.commit[:7]}: "
    if run.judgement is not None and run.ended_at is not None:
        return name + f"**{run.judgement.verdict.value.replace('_', ' ')}**, {inline(run.judgement.message)}"
    if run.stop_requested is not None:
        return name + f"{run.phase.value}, stopping: {inline(run.stop_requested.message)}"
    return name + ", ".join(part for part in (run.phase.value, inline(outlook)) if part)
