"""Answers a merge queue, so that it never waits for us. Called by intake; may be repeated.

A queue makes a commit of several pull requests and merges it when every required status stands on it.
Whether a paper reproduces was asked at its pull request or will be at its tag: here each experiment gets a
status that lets it pass and says so. Nothing of the commit is run, only its specs are read.
"""

from reprise.domain import statuses
from reprise.domain.forge import State, Status
from reprise.domain.run import Repository
from reprise.engine.settled import Settled
from reprise.engine.specs import read_specs
from reprise.engine.world import World
from reprise.store.intake import Trigger

PASSES = "not run in a merge queue: push a tag or comment /reproduce on a pull request"


def on_merge_queue(world: World, repository: Repository, trigger: Trigger) -> Settled:
    if trigger.commit is None:
        return Settled("a merge queue without a commit")
    files = read_specs(world.source, repository, trigger.commit)
    wanted = [Status(statuses.context(file.spec.name), State.SUCCESS, PASSES, None) for file in files]
    standing = world.conversation.statuses(repository, trigger.commit) if wanted else {}
    for status in wanted:
        if status.context not in standing:
            world.conversation.post_status(repository, trigger.commit, status)
    return Settled(f"{len(wanted)} experiment(s) let pass")
