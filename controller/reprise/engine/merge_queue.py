"""Answers a merge queue, so that it never waits for us. Called by intake; may be repeated.

A queue makes a commit of several pull requests and merges it when everything that is required stands on it.
Whether a paper reproduces was asked at its pull request or will be at its tag: here each experiment gets a
neutral check, and a status that lets it pass. Nothing of the commit is run, only its specs are read.
"""

import hashlib

from reprise.domain import statuses
from reprise.domain.check import Check, CheckState, Conclusion, check_name
from reprise.domain.forge import State, Status
from reprise.domain.run import Repository, RunId, Sha
from reprise.engine.settled import Settled
from reprise.engine.specs import read_specs
from reprise.engine.world import World
from reprise.store.intake import Trigger

PASSES = "not run in a merge queue: push a tag or comment /reproduce on a pull request"


def on_merge_queue(world: World, repository: Repository, trigger: Trigger) -> Settled:
    if trigger.commit is None:
        return Settled("a merge queue without a commit")
    names = [file.spec.name for file in read_specs(world.source, repository, trigger.commit)]
    standing = world.conversation.statuses(repository, trigger.commit) if names else {}
    for name in names:
        status = Status(statuses.context(name), State.SUCCESS, PASSES, None)
        if status.context not in standing:
            world.conversation.post_status(repository, trigger.commit, status)
        world.conversation.put_check(repository, _neutral(name, trigger.commit), None)
    return Settled(f"{len(names)} experiment(s) let pass")


def _neutral(experiment: str, sha: Sha) -> Check:
    """No run stands behind it, so that a click on it finds none."""
    nobody = RunId("q" + hashlib.sha256(f"{sha}|{experiment}".encode()).hexdigest()[:12])
    return Check(
        name=check_name(experiment),
        sha=sha,
        run_id=nobody,
        state=CheckState.COMPLETED,
        conclusion=Conclusion.NEUTRAL,
        title="not run in a merge queue",
        summary=f"{PASSES[:1].upper()}{PASSES[1:]}.",
    )
