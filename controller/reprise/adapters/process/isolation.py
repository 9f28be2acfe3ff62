"""Decides how jobs are kept apart on this machine and says so in words. Built once by bootstrap.

`probe` asks the kernel by trying, `decide` is pure. What could not be had is part of the words,
because a report must not claim more than was enforced.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, replace

from reprise.domain.spec.model import Network

FIRST_UID = 64001
"""Of the throw-away users, one per slot. Below it: the user of builds."""
BUILD_UID = 64000
PROBE_SECONDS = 20.0
_NOT_CUT = (
    "the spec has `environment.network: none`, which this machine cannot enforce without a network namespace "
    "for each job: use `fetch-only`, or the docker backend"
)
_CLOSED = (
    "the spec has `environment.network: open`, which the operator of this controller does not allow: "
    "commit the data and write `fetch-only`, or have REPRISE_PROCESS__ALLOW_OPEN_NETWORK=true set"
)


@dataclass(frozen=True, slots=True)
class Possible:
    """Why not, per kind; an empty sentence means that it works here."""

    root: bool
    chroot: bool
    uid: str
    mounts: str
    network: str


@dataclass(frozen=True, slots=True)
class Isolation:
    """How every job of this controller is kept apart. The default is not at all."""

    uid: bool = False
    """A throw-away user per slot."""
    user_namespace: bool = False
    mounts: bool = False
    """Mount, pid and IPC namespaces of its own, with the state folder hidden."""
    network: bool = False
    """A network namespace with nothing but loopback, unless the spec opens the network."""
    why: str = ""
    """Why there is no more."""
    refusal: str | None = None
    """Why nothing may run here at all."""
    may_open_network: bool = True
    """Whether the operator lets a spec open the network."""

    @property
    def hides(self) -> bool:
        """Whether a job cannot read what only the controller may."""
        return self.uid or self.mounts

    def refuses(self, network: Network) -> str | None:
        """Why a spec that asks for this network may not run here, build included; None when it may."""
        if self.refusal is None and network is Network.OPEN and not self.may_open_network:
            return _CLOSED
        if self.refusal is None and network is Network.NONE and not self.network:
            return _NOT_CUT
        return self.refusal

    def words(self, slot: int, network: Network) -> str:
        """For people, e.g. ``throw-away uid 64001, own pid, mount and network namespaces, …``."""
        parts = [f"throw-away uid {FIRST_UID + slot}"] if self.uid else []
        own = [("user", self.user_namespace), ("pid", self.mounts), ("mount", self.mounts)]
        own.append(("network", self.cuts(network)))
        names = [name for name, there in own if there]
        if names:
            parts.append(f"own {_and(names)} {'namespaces' if len(names) > 1 else 'namespace'}")
        if self.mounts:
            parts.append("state folder hidden")
        why = f" ({self.why})" if self.why else ""
        return (", ".join(parts) or "none, resource limits only") + why

    def network_words(self, network: Network) -> str:
        """``off``, ``open`` or ``not enforced``."""
        if network is Network.OPEN:
            return "open, as the spec asks"
        return "off" if self.network else "not enforced"

    def cuts(self, network: Network) -> bool:
        """Whether the job's network is taken away."""
        return self.network and network is not Network.OPEN


NONE = Isolation()


def decide(
    possible: Possible,
    *,
    credentials: tuple[str, ...] = (),
    allow_unisolated: bool = False,
    allow_open_network: bool = True,
) -> Isolation:
    """``credentials`` are names of what this controller holds and a stranger's job must not read."""
    uid = possible.root and not possible.uid
    mounts = not possible.mounts and (uid or not possible.root)
    network = not possible.network and (uid or not possible.root)
    why = possible.uid if possible.root and possible.uid else possible.mounts
    if why and possible.chroot:
        why = f"inside a chroot; {why}"
    made = Isolation(
        uid=uid,
        user_namespace=not possible.root and (mounts or network),
        mounts=mounts,
        network=network,
        why=why,
        may_open_network=allow_open_network,
    )
    if made.hides or allow_unisolated or not credentials:
        return made
    return replace(made, refusal=_refusal(credentials, why))


def _refusal(credentials: tuple[str, ...], why: str) -> str:
    return (
        f"this controller holds {_and(list(credentials))}, and this machine cannot keep a job from reading "
        f"it ({why}): run the controller as root or where user namespaces are allowed, or accept it with "
        "REPRISE_PROCESS__ALLOW_UNISOLATED=true"
    )


def probe() -> Possible:
    """Takes about half a second. Nothing is possible where even trying fails."""
    command = (sys.executable, "-I", "-m", "reprise.adapters.process.possible")
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=True,
            env={},
            cwd="/",
        )
        return Possible(**json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        why = f"it could not be tried: {type(error).__name__}"
        return Possible(root=False, chroot=False, uid=why, mounts=why, network=why)


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
