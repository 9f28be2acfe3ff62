"""Settings → provider and runner on leased machines, and the sites that they work with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from reprise.adapters.chameleon import key, proving
from reprise.adapters.chameleon.kept import Memory, Proved
from reprise.adapters.chameleon.node import SshNodes
from reprise.adapters.chameleon.opening import open_sites
from reprise.adapters.chameleon.provider import ChameleonProvider
from reprise.adapters.chameleon.runner import How, NodeRunner
from reprise.adapters.chameleon.sites import Images, Site
from reprise.adapters.chameleon.turn import Means, Proving
from reprise.containers.engine import Engine
from reprise.domain.leasing.acceptance import Promise
from reprise.domain.leasing.catalogue import GB, GIB
from reprise.domain.leasing.choice import Choice
from reprise.domain.run import RunId
from reprise.ports.cloud import Cloud
from reprise.ports.nodes import Access, Address, Node
from reprise.settings import Settings


@dataclass(frozen=True, slots=True)
class Leasing:
    provider: ChameleonProvider
    runner: NodeRunner
    memory: Memory
    clouds: tuple[Cloud, ...]
    close: Callable[[], None]
    """Connections end; what is leased and what runs goes on."""


def open_leasing(settings: Settings, state: Path) -> Leasing:
    """``state``: the folder below which runs are remembered. Raises UserError when a credential lacks."""
    chosen = settings.chameleon
    clouds = open_sites(chosen)
    memory, nodes, here = Memory(state), SshNodes(), Engine(settings.docker.host)
    idle = timedelta(seconds=chosen.idle_after) if chosen.idle_after is not None else None
    how = How(state=state, cache=settings.cache, idle_after=idle)

    def access(run_id: RunId) -> Access | None:
        kept = memory.load(run_id)
        return kept.access if kept is not None and kept.proved is not None else None

    runner = NodeRunner(nodes, access, how, here=here)
    means = Means(
        sites={cloud.site: _site(settings, cloud) for cloud in clouds},
        nodes=nodes,
        memory=memory,
        make_key=key.ensure,
        prove=_proving(chosen.user),
        longest_wait=timedelta(days=chosen.longest_wait),
        leases_per_type=chosen.leases_per_type,
    )
    provider = ChameleonProvider(means, overhead=chosen.overhead, leaving=runner.forget)

    def close() -> None:
        runner.close()
        nodes.close()
        here.close()
        for cloud in clouds:
            cloud.close()

    return Leasing(provider, runner, memory, clouds, close)


def _site(settings: Settings, cloud: Cloud) -> Site:
    chosen = settings.chameleon
    named = chosen.images
    jump_user, _, jump_host = (chosen.jump or "").partition("@")
    return Site(
        cloud,
        images=Images(nvidia=named.nvidia, slice=named.slice, amd=named.amd, plain=named.plain),
        network=chosen.network,
        root_gb=chosen.root_gb,
        jump=Address(jump_host, user=jump_user) if jump_host else None,
        jump_host_key=chosen.jump_host_key,
        user=chosen.user,
    )


def _proving(user: str) -> Proving:
    def prove(node: Node, choice: Choice, wanted_gpus: int) -> Proved | str:
        vendor = choice.machine.gpu.vendor if choice.machine.gpu is not None and wanted_gpus else None
        found = proving.prove(node, promise(choice, wanted_gpus), vendor=vendor, user=user)
        return found if isinstance(found, str) else Proved(found.words, found.cpus)

    return prove


def promise(choice: Choice, wanted_gpus: int) -> Promise:
    """What was leased, not what the job needs of it: whoever pays for four GPUs gets four."""
    machine = choice.machine
    if machine.gpu is None or not wanted_gpus:
        return Promise(memory_bytes=int(machine.memory_gib * GIB) or None)
    return Promise(
        gpus=machine.gpus,
        gpu_memory_bytes=machine.gpu.memory_gb * GB or None,
        memory_bytes=int(machine.memory_gib * GIB) or None,
    )
