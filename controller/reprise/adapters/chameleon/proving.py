"""From a node that answers to one that runs can be given: as promised, closed, with Docker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from reprise.adapters.chameleon.acceptance import booted, survey
from reprise.adapters.chameleon.equip import Equipped, Installing, equip
from reprise.adapters.chameleon.firewall import narrow
from reprise.domain.errors import Retryable
from reprise.domain.leasing.acceptance import Promise, failings, words
from reprise.ports.nodes import Node

LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ready:
    words: str
    """For people: what it was found to be."""
    cpus: int


def prove(
    node: Node, promise: Promise, *, vendor: str | None, user: str, mirrors: Sequence[str] = ()
) -> Ready | str:
    """Safe to repeat; every call does what can be done at once. What is wrong, in words that begin with "it".

    ``vendor``: of its GPUs, None = none are needed. Raises Retryable, with the seconds until it is worth
    another call, while it starts or something is being installed, and when it does not answer.
    """
    if (at_work := booted(node)) is not None:
        raise Retryable(at_work, after=LOOK_SECONDS)
    seen = survey(node, vendor)
    if wrong := failings(promise, seen):
        return f"it {' and '.join(wrong)}"
    narrow(node)
    match equip(node, vendor=vendor, user=user, mirrors=mirrors):
        case Installing(what):
            raise Retryable(f"{what} is being installed", after=LOOK_SECONDS)
        case Equipped(docker):
            return Ready(f"{words(seen)}, Docker {docker}", seen.cpus or 1)
        case str(wrong_there):
            return f"it {wrong_there}"
        case other:
            assert_never(other)
