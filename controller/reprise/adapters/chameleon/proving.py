"""From a node that answers to one that runs can be given: as promised, closed, with Docker."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from reprise.adapters.chameleon.acceptance import booted, survey
from reprise.adapters.chameleon.equip import Equipped, Installing, equip
from reprise.adapters.chameleon.firewall import narrow
from reprise.adapters.chameleon.kept import Proved
from reprise.adapters.chameleon.sites import Site
from reprise.domain.errors import Retryable
from reprise.domain.leasing.acceptance import failings, promised, words
from reprise.domain.leasing.choice import Choice
from reprise.ports.nodes import Node

LOOK_SECONDS = 5.0


class Prover:
    """Safe for several threads."""

    def __init__(self, sites: Mapping[str, Site], *, mirrors: Sequence[str] = ()) -> None:
        """``mirrors``: of Docker Hub, which nodes ask first."""
        self._sites = sites
        self._mirrors = mirrors

    def __call__(self, node: Node, choice: Choice, wanted_gpus: int) -> Proved | str:
        """Safe to repeat; every call does what can be done at once. What is wrong begins with "it".

        Raises Retryable, with the seconds until it is worth another call, while the node starts or something
        is being installed there, and when it does not answer.
        """
        if (at_work := booted(node)) is not None:
            raise Retryable(at_work, after=LOOK_SECONDS)
        machine = choice.machine
        vendor = machine.gpu.vendor if machine.gpu is not None and wanted_gpus else None
        seen = survey(node, vendor)
        if wrong := failings(promised(machine, wanted_gpus), seen):
            return f"it {' and '.join(wrong)}"
        narrow(node)
        match equip(node, vendor=vendor, user=self._sites[machine.site].user, mirrors=self._mirrors):
            case Installing(what):
                raise Retryable(f"{what} is being installed", after=LOOK_SECONDS)
            case Equipped(docker):
                return Proved(f"{words(seen)}, Docker {docker}", seen.cpus or 1)
            case str(wrong_there):
                return f"it {wrong_there}"
            case other:
                assert_never(other)
