"""The proposal as a ``reprise.yaml``: each choice under a comment with its reason and its place."""

import textwrap
from collections.abc import Iterator

from reprise.domain.adopt.model import ClaimFound, Proposal
from reprise.domain.adopt.quoting import flow, listed, quoted

_WIDTH = 110


def render(proposal: Proposal) -> str:
    """Always a spec that can be read, whatever the repository holds."""
    parts = [_head(proposal), _run(proposal), _environment(proposal), _data(proposal), _claims(proposal)]
    lines = [line for part in parts for line in part]
    if proposal.entry.output is not None:
        lines += [
            *_comment("left by the command above"),
            f"artifacts: [{{path: {flow(proposal.entry.output)}}}]",
        ]
    return "\n".join(lines) + "\n"


def _head(proposal: Proposal) -> Iterator[str]:
    yield from _comment(
        f"Written by `reprise init --adopt`, from {proposal.entry.kind.value}. Each choice says why it was "
        "made and where it was found; change what is wrong, then run `reprise check` and `reprise run`."
    )
    yield "version: 1"


def _run(proposal: Proposal) -> Iterator[str]:
    entry, seed = proposal.entry, proposal.seed
    yield "run:"
    yield from _comment(f"{entry.place}: {entry.why}", indent=2)
    yield f"  command: {listed(entry.argv)}"
    if entry.workdir != ".":
        yield from _comment(f"{entry.place}: where that command is given", indent=2)
        yield f"  workdir: {flow(entry.workdir)}"
    if seed is None:
        yield from _comment(
            "seed: nothing says how the job learns one; with an option --seed it would be "
            "{arg: --seed, value: 0}",
            indent=2,
        )
        return
    yield from _comment(f"{seed.place}: {seed.why}", indent=2)
    arg = [f"arg: {flow(seed.arg)}"] if seed.arg else []
    env = [f"env: {flow(seed.env)}"] if seed.env else []
    yield f"  seed: {{{', '.join([*arg, *env, f'value: {seed.value}'])}}}"


def _environment(proposal: Proposal) -> Iterator[str]:
    found = proposal.environment
    if found.lock or found.python:
        yield "environment:"
    if found.lock:
        yield from _comment(f"{found.lock.place}: {found.lock.why}", indent=2)
        yield f"  lock: {flow(found.lock.value)}"
    if found.python:
        yield from _comment(f"{found.python.place}: {found.python.why}", indent=2)
        yield f"  python: {quoted(found.python.value)}"
    for remark in found.remarks:
        yield from _comment(remark, indent=2 if found.lock or found.python else 0)


def _data(proposal: Proposal) -> Iterator[str]:
    if proposal.data:
        yield "data:"
    for each in proposal.data:
        yield from _comment(f"{each.place} reads it; the digest is of the file as it is now", indent=2)
        yield f"  - {{path: {flow(each.path)}, sha256: {quoted(each.sha256)}}}"


def _claims(proposal: Proposal) -> Iterator[str]:
    proposed = [claim for claim in proposal.claims if claim.proposed]
    others = [claim for claim in proposal.claims if not claim.proposed]
    if proposed:
        yield from _comment("no tolerance is proposed: `exact` compares at the printed precision")
        yield "claims:"
    for claim in proposed:
        yield from _claim(claim)
    if others:
        yield "# Not certain enough to be proposed; take the first # away from what was published:"
    if others and not proposed:
        yield "# claims:"
    for claim in others:
        yield from (f"# {line}" for line in _claim(claim))


def _claim(claim: ClaimFound) -> Iterator[str]:
    for note in claim.notes:
        yield from _comment(note, indent=2)
    yield f"  - id: {flow(claim.id)}"
    yield f"    where: {quoted(claim.where)}"
    yield f"    metric: {claim.metric}"
    yield f"    published: {{value: {quoted(claim.value)}}}"
    yield "    compare: {mode: exact}"


def _comment(text: str, *, indent: int = 0) -> Iterator[str]:
    """On lines of its own; nothing of a repository's text ends the comment."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    start = f"{' ' * indent}# "
    yield from textwrap.wrap(
        shown,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=start,
        break_on_hyphens=False,
        break_long_words=False,
    )
