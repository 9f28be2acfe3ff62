"""Settings → provider and runner on leased machines, and the sites that they work with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from reprise.adapters.chameleon import key
from reprise.adapters.chameleon.kept import Memory
from reprise.adapters.chameleon.node import SshNodes
from reprise.adapters.chameleon.opening import open_sites
from reprise.adapters.chameleon.provider import ChameleonProvider
from reprise.adapters.chameleon.proving import Prover
from reprise.adapters.chameleon.runner import How, NodeRunner
from reprise.adapters.chameleon.sites import Images, Site
from reprise.adapters.chameleon.turn import Means
from reprise.containers.engine import Engine
from reprise.domain.run import RunId
from reprise.ports.cloud import Cloud
from reprise.ports.nodes import Access, Address
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
    sites = {cloud.site: _site(settings, cloud) for cloud in clouds}
    means = Means(
        sites=sites,
        nodes=nodes,
        memory=memory,
        make_key=key.ensure,
        prove=Prover(sites),
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
        jump_key=chosen.jump_key.expanduser() if chosen.jump_key is not None else None,
        user=chosen.user,
    )
