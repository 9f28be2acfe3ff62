"""What comes of a trigger: runs to add, or only an answer. Intake and commands decide, intake writes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from reprise.domain.forge import Place
from reprise.domain.plan import Plan
from reprise.domain.run import Repository, RunId, Sha
from reprise.domain.spec.files import SpecFile
from reprise.store.intake import Trigger
from reprise.store.runs import NewRun


@dataclass(frozen=True, slots=True)
class Settled:
    text: str
    runs: tuple[NewRun, ...] = ()
    tagged: frozenset[Sha] = frozenset()
    """The commits that tags named when this was decided."""
    seen: tuple[str, Sha] | None = None
    """The tag that was looked at, and the commit that it named."""
    cancels: Place | None = None
    """Where runs, and commands that are not settled yet, are to end."""
    closed: Place | None = None
    """Where a fork's code is to end."""
    gone: str | None = None
    """The tag that was looked for and is not there."""
    refused: bool = False
    """Whoever asked may not have it."""
    refusals: Mapping[RunId, str] = field(default_factory=dict)
    """Of ``runs`` those that may not start, and why: they end as soon as they are added."""
    approves: Plan | None = None
    """The plan that is used up by these runs."""


def new_run(
    repository: Repository, sha: Sha, file: SpecFile, trigger: Trigger, *, ref: str, generation: str, why: str
) -> NewRun:
    name = file.spec.name
    return NewRun(
        id=run_id(repository.id, sha, name, generation),
        repository_id=repository.id,
        commit=sha,
        experiment=name,
        generation=generation,
        spec_file=file.path,
        ref=ref,
        pull_request=trigger.pull_request,
        trigger=why,
        who=trigger.who,
    )


def run_id(repository_id: int, commit: Sha, experiment: str, generation: str) -> RunId:
    """Follows from what is run and on whose request, so that a repetition is no new run."""
    identity = f"{repository_id}|{commit}|{experiment}|{generation}"
    return RunId("r" + hashlib.sha256(identity.encode()).hexdigest()[:12])
