"""Which backend a run gets: the one that somebody asked for, else the first that may and can run it. Pure.

Intake asks for every run that it adds, `reprise run` and `reprise plan` for theirs. What no backend here may
or can run is refused with a sentence that names what would help.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from reprise.domain import pins
from reprise.domain.leasing.length import OVERHEAD
from reprise.domain.policy import Policy
from reprise.domain.spec.model import EnvironmentRule, Network, Spec

PROCESS = "process"
DOCKER = "docker"
CHAMELEON = "chameleon"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a backend of this controller can do."""

    name: str
    """As policies and comments name it."""
    images: bool = False
    """Whether trials run in images."""
    gpus: bool = False
    closes_network: bool = False
    """Whether a job can be kept from every network, so that ``environment.network: none`` holds."""
    untrusted: bool = False
    """Whether a stranger's code may run there at all: it cannot read what only the controller may. Who has to
    approve it is decided elsewhere."""
    sites: tuple[str, ...] = ()
    """Whose machines it leases; empty = it leases none."""
    overhead: timedelta = OVERHEAD
    """That a lease takes beside its job."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a run asks of a backend."""

    image: str | None = None
    """What of the spec only an image can fulfil, e.g. ``environment.dockerfile``."""
    better_image: bool = False
    """Nothing is declared, and what lies in the repository is best made into an image."""
    gpus: int = 0
    closed_network: bool = False
    untrusted: bool = False
    """Its code is a stranger's."""
    node_types: tuple[str, ...] = ()
    """It wants one of these, which can only be leased."""


NOTHING = Needs()


@dataclass(frozen=True, slots=True)
class Unfit:
    """No backend here is for this run."""

    why: str
    """Whole sentences, with what would help."""


def needs_of(spec: Spec, *, untrusted: bool = False, names: Collection[str] | None = None) -> Needs:
    """``names``: of the files at the repository's root; None = not looked at."""
    image = _declared_image(spec.environment)
    declared = image is not None or spec.environment.lock is not None
    return Needs(
        image=image,
        better_image=not declared and names is not None and _best_as_image(names),
        gpus=spec.resources.gpus,
        closed_network=spec.environment.network is Network.NONE,
        untrusted=untrusted,
        node_types=spec.resources.node_types,
    )


def _declared_image(rule: EnvironmentRule) -> str | None:
    """As a reader of the spec knows it."""
    if rule.dockerfile is not None:
        return "environment.dockerfile"
    if rule.image is not None:
        return "environment.image"
    if rule.lock is not None and not pins.is_installed_by_uv(rule.lock):
        return f"environment.lock: {rule.lock}"
    return None


def _best_as_image(names: Collection[str]) -> bool:
    """What is found first is nothing that a virtual environment is installed from."""
    found = pins.chosen(None, lambda path: path in names)
    return found is None or not pins.is_installed_by_uv(found)


def choose_backend(
    offers: Sequence[Offer], needs: Needs, policy: Policy, *, wanted: str | None = None
) -> str | Unfit:
    """The name of the first that fits. ``offers``: all of this controller, its default first."""
    if (needs.better_image or needs.untrusted) and wanted is None:
        offers = sorted(offers, key=lambda offer: not offer.images)
    candidates = [offer for offer in offers if wanted in (None, offer.name)]
    if not candidates:
        return Unfit(no_such_backend(wanted or "", [offer.name for offer in offers]))
    problems = {offer.name: _problem(offer, needs, policy) for offer in candidates}
    fitting = next((name for name, problem in problems.items() if problem is None), None)
    if fitting is not None:
        return fitting
    said = list(dict.fromkeys(filter(None, problems.values())))
    return Unfit(" ".join(said))


def no_such_backend(name: str, here: Sequence[str]) -> str:
    """Whole sentences."""
    return (
        f"This controller has no backend {name}: it has {', '.join(here) or 'none'}. "
        f"The operator can add {name} to REPRISE_BACKENDS."
    )


def _problem(offer: Offer, needs: Needs, policy: Policy) -> str | None:
    """Why this one is not for it, as a whole sentence; None when it is."""
    if policy.backends is not None and offer.name not in policy.backends:
        return _forbidden(offer.name, policy.backends)
    if needs.untrusted and not offer.untrusted:
        return _UNTRUSTED.format(backend=offer.name)
    if needs.image is not None and not offer.images:
        return _IMAGE.format(backend=offer.name, what=needs.image)
    if needs.node_types and not offer.sites:
        return _NODE_TYPES.format(backend=offer.name, asked=" or ".join(needs.node_types))
    if needs.gpus and not offer.gpus:
        asked = "1 GPU" if needs.gpus == 1 else f"{needs.gpus} GPUs"
        return _GPUS.format(backend=offer.name, asked=asked)
    if needs.closed_network and not offer.closes_network:
        return _NETWORK.format(backend=offer.name)
    return None


def _forbidden(name: str, allowed: Sequence[str]) -> str:
    listed = ", ".join(allowed) or "none that all of it agree on"
    return (
        f"The policy allows the backends {listed}, and this controller has {name}: add {name} to "
        "`policy.backends` on the default branch, or ask the operator for one that the policy allows."
    )


_UNTRUSTED = (
    "A stranger's code is not run on the backend {backend} of this machine, which cannot hide the "
    "controller's files from a job: the operator can add docker to REPRISE_BACKENDS, or somebody who may "
    "write can bring the commit into a branch of this repository."
)
_IMAGE = (
    "`{what}` needs an image, and the backend {backend} runs none: use uv.lock or a requirements file, "
    "or have docker added to REPRISE_BACKENDS."
)
_GPUS = (
    "The spec asks for {asked}, and the backend {backend} lends none: lower `resources.gpus`, or have docker "
    "added to REPRISE_BACKENDS with REPRISE_DOCKER__GPUS, on a machine that has them."
)
_NODE_TYPES = (
    "The spec asks for {asked}, and the backend {backend} leases no machines: remove `resources.node_type`, "
    "or have chameleon added to REPRISE_BACKENDS."
)
_NETWORK = (
    "`environment.network: none` cannot be enforced on the backend {backend}: use fetch-only, or have docker "
    "added to REPRISE_BACKENDS."
)
