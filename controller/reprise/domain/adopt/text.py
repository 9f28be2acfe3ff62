"""What was adopted, in words: the command, what is left to do, and what comes next."""

import shlex
import textwrap
from collections.abc import Iterator, Sequence

from reprise.domain.adopt.model import Left, Proposal

_WIDTH = 100


def render(proposal: Proposal, file: str) -> str:
    """``file`` is what was written."""
    entry = proposal.entry
    lines = [
        f"wrote {file}, from {entry.kind.value}; every choice in it says where it was found",
        "",
        *_row("command", f"{shlex.join(entry.argv)} ({entry.place})"),
        *_row("seed", _seed(proposal)),
        *_row("lock", _lock(proposal)),
        *_row("python", _python(proposal)),
        *_row("data", _count(len(proposal.data), "committed file")),
        *_row("claims", _claims(proposal)),
        "",
    ]
    return "\n".join([*lines, *_left(proposal.left)])


def _seed(proposal: Proposal) -> str:
    seed = proposal.seed
    if seed is None:
        return "none found"
    return f"{seed.arg or seed.env}, the author's is {seed.value} ({seed.place})"


def _lock(proposal: Proposal) -> str:
    lock = proposal.environment.lock
    return f"{lock.value}, {lock.why}" if lock else "none yet"


def _python(proposal: Proposal) -> str:
    python = proposal.environment.python
    if python is not None:
        return f"{python.value} ({python.place})"
    told = next((each for each in proposal.environment.remarks if each.startswith("python: ")), None)
    return told.removeprefix("python: ").partition(", which")[0] if told else "not said"


def _claims(proposal: Proposal) -> str:
    proposed = sum(claim.proposed for claim in proposal.claims)
    return f"{proposed} proposed, {len(proposal.claims) - proposed} as comments"


def _left(left: Sequence[Left]) -> Iterator[str]:
    if not left:
        yield "nothing is left to do before `reprise run`"
        return
    yield "left to do:"
    for each in left:
        where = f"{each.place}: " if each.place else ""
        yield from _wrapped("- ", f"{where}{each.what}")
        yield from _wrapped("    ", each.fix)


def _row(label: str, text: str) -> Iterator[str]:
    yield from _wrapped(f"  {label:<9}", text)


def _wrapped(start: str, text: str) -> list[str]:
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return textwrap.wrap(
        shown,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _count(number: int, what: str) -> str:
    return "none" if not number else f"{number} {what}{'s' if number != 1 else ''}"
