"""What Reprise answers to commands in a pull request: short texts, each saying what to do next."""

from reprise.domain.command import NotYet, Reproduce, Unknown
from reprise.domain.run import Phase, Sha
from reprise.domain.text import code, inline
from reprise.engine.world import World
from reprise.store.runs import Run, place_in_queue, runs_of_pull_request

HELP = """\
- `/reproduce` runs the experiment of `reprise.yaml` at this pull request's head
- `/reproduce NAME` runs `.reprise/NAME.yaml`, `/reproduce all` every experiment
- `/reproduce SHA` (7 to 40 digits) runs that commit
- `/reproduce status` says where the runs of this pull request are"""
CLOSED = "This pull request is closed: reopen it, or push a tag, to reproduce its commit."
FORK = (
    "This pull request comes from a fork, and running strangers' code is not supported yet. "
    "Push the branch to this repository to reproduce it."
)


def wrong_word(word: str, command: Unknown | NotYet) -> str:
    if isinstance(command, NotYet):
        return f"{code(word)} is not supported yet. `/reproduce help` lists what is."
    return f"I do not know {code(word)}. `/reproduce help` lists what I know."


def no_commit(sha: str) -> str:
    return f"This repository has no commit {code(sha)}: give 7 to 40 digits of one that was pushed."


def no_experiment(command: Reproduce, sha: Sha) -> str:
    if command.everything:
        return f"There is no experiment at {sha[:7]}: add a `reprise.yaml`."
    if command.experiment is None:
        return f"There is no `reprise.yaml` at {sha[:7]}. `/reproduce all` runs what is in `.reprise/`."
    file = code(f".reprise/{command.experiment}.yaml")
    return f"There is no experiment {code(command.experiment)} at {sha[:7]}: its file would be {file}."


def status(world: World, repository_id: int, pull_request: int) -> str:
    """A line per experiment: the newest run of each."""
    with world.store.read() as connection:
        newest = {
            run.experiment: run for run in runs_of_pull_request(connection, repository_id, pull_request)
        }
        places = {run.id: place_in_queue(connection, run) for run in newest.values()}
    if not newest:
        return "Nothing was reproduced in this pull request yet. `/reproduce` starts."
    return "\n".join(_line(run, places[run.id]) for run in newest.values())


def _line(run: Run, place: int) -> str:
    name = f"- {inline(run.experiment)} at {run.commit[:7]}: "
    if run.judgement is not None and run.phase is Phase.DONE:
        return name + f"**{run.judgement.verdict.value.replace('_', ' ')}**, {inline(run.judgement.message)}"
    if run.granted_at is None:
        return name + f"queued, place {place}"
    return name + run.phase.value
