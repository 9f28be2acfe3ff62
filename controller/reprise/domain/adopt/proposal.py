"""Everything that is found in a repository, put together."""

from collections.abc import Callable
from dataclasses import replace

from reprise.domain.adopt import (
    claims,
    dockerfile,
    environment,
    files,
    gpus,
    job,
    measured,
    mlproject,
    notebook,
    readme,
    script,
    seeds,
)
from reprise.domain.adopt.model import ClaimFound, Entry, Kind, Left, Proposal
from reprise.domain.lint.repo import Repo

SOURCES: dict[Kind, Callable[[Repo], Entry | None]] = {
    Kind.MLPROJECT: mlproject.command,
    Kind.REPROGEN: script.reprogen,
    Kind.README: readme.command,
    Kind.DOCKERFILE: dockerfile.command,
    Kind.SCRIPT: script.script,
    Kind.NOTEBOOK: notebook.command,
}
"""In the order in which they are asked: who declares it comes before who only happens to have it."""


def propose(repo: Repo) -> Proposal | None:
    """None when nothing says how the experiment is run."""
    entry = next((found for kind in Kind if (found := SOURCES[kind](repo)) is not None), None)
    if entry is None:
        return None
    code = job.code_of(repo, entry)
    argv, seed = seeds.taken_out(entry.argv, entry.seed or seeds.found(code), entry.place)
    entry = replace(entry, argv=argv)
    around = environment.find(repo, entry, code)
    data, missing = files.find(repo, code, entry.workdir)
    published = claims.find(
        readme.cells(repo), measured.leaves(repo, entry, code), measured.logged(code), entry.workdir
    )
    left = (*entry.left, *around.left, *missing, *gpus.find(repo, code), *_about(published))
    return Proposal(entry, around, seed, data, published, left)


def _about(found: tuple[ClaimFound, ...]) -> tuple[Left, ...]:
    if any(claim.proposed for claim in found):
        return ()
    if found:
        return (
            Left(
                "no claim is certain",
                "look at those that stand as comments, and uncomment what was published",
            ),
        )
    return (
        Left(
            "nothing is claimed, since no table of a README prints a number that a metric file holds",
            "declare what was published under claims, with its place and the file that holds it",
        ),
    )
