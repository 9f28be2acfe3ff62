"""Tags that name a commit again whose run was superseded when they had left it.

Such a tag is known, so that nothing about it looks new, and yet its commit has no verdict that stands.
"""

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Repository, Sha
from reprise.engine.intake import runs_on
from reprise.engine.specs import read_specs
from reprise.engine.world import World
from reprise.store import runs

log = structlog.get_logger()


def moved_back(world: World, repository: Repository, tags: dict[str, Sha]) -> set[tuple[str, Sha]]:
    """A commit that cannot be read now is left to the next sweep."""
    with world.store.read() as connection:
        superseded = runs.superseded_at(connection, repository.id, set(tags.values()))
    found = set()
    for sha, experiments in superseded.items():
        names = {name for name, named in tags.items() if named == sha}
        found |= {(name, sha) for name in _wanting(world, repository, sha, experiments, names)}
    return found


def _wanting(
    world: World, repository: Repository, sha: Sha, experiments: set[str], names: set[str]
) -> set[str]:
    """Which of these tags one of these experiments runs on: a run may have been another tag's."""
    try:
        files = read_specs(world.source, repository, sha)
    except (Retryable, Refused) as error:
        log.warning("commit not looked at", repository=repository.full_name, commit=sha, why=str(error))
        return set()
    wanted = [file.spec for file in files if file.spec.name in experiments]
    return {name for name in names if any(runs_on(spec, name) for spec in wanted)}
