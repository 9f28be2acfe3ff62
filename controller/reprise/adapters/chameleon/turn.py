"""One look at a run that wants a leased machine, and the one thing that is done about it.

Every method writes down what it learned before it returns; one that is cut off in the middle is found out by
the next look, because what it made carries the run's name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, assert_never

import structlog

from reprise.adapters.chameleon import choosing, names, removing
from reprise.adapters.chameleon.kept import Ended, Kept, Memory, Proved
from reprise.adapters.chameleon.looking import Found, left, look
from reprise.adapters.chameleon.sites import Site
from reprise.domain.errors import Refused, Retryable
from reprise.domain.leasing import courses, life, stacking
from reprise.domain.leasing.choice import Choice, Nothing
from reprise.domain.leasing.length import LONGEST
from reprise.domain.leasing.life import Gone, next_action, next_removal
from reprise.domain.leasing.money import kept as reserved
from reprise.domain.leasing.refusal import CloudRefused
from reprise.domain.leasing.windows import Span
from reprise.domain.run import Reason, RunId
from reprise.jobs.folders import Folders
from reprise.ports import Allocation, Failed, Pending
from reprise.ports.cloud import Cloud, FlavorWish, HostsWish, Lease, LeaseWish, ServerWish
from reprise.ports.nodes import Access, Address, Node, Nodes

log = structlog.get_logger()

AT_ONCE = timedelta(seconds=0.1)
SSH_SECONDS = 10.0
TRYING = timedelta(minutes=30)
"""How long it is tried at least to lease what looks free."""
WORTH_IT = timedelta(minutes=5)
"""A shorter extension is none."""

Answer = Pending | Allocation | Failed


class Proving(Protocol):
    def __call__(self, node: Node, choice: Choice, wanted_gpus: int) -> Proved | str:
        """What the node was found to be, made ready for containers; or what is wrong with it, in a sentence.

        Raises Retryable when it cannot be told yet.
        """
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a turn works with."""

    sites: Mapping[str, Site]
    nodes: Nodes
    memory: Memory
    make_key: Callable[[Path], str]
    """Writes a new private key there, for its owner only; its public line."""
    prove: Proving
    longest_wait: timedelta = timedelta(days=7)
    leases_per_type: int = 2
    """Held or booked at the same time."""
    limits: life.Limits = field(default_factory=life.Limits)


@dataclass(slots=True)
class Turn:
    means: Means
    run_id: RunId
    kept: Kept
    now: datetime

    def take(self) -> Answer:
        """Raises Retryable when a site or the node does not answer."""
        if self.kept.ended is not None:
            return Failed(self.kept.ended.reason, self.kept.ended.message)
        try:
            found = self._look()
            seen = found.seen(without_address=self._chosen and self._site.jump is not None)
            known = self.kept.known(max(self.means.longest_wait, TRYING))
            return self._act(next_action(known, seen, self.now, self.means.limits), found)
        except CloudRefused as error:
            return self._refused(error)

    # --- deciding is done; from here on it acts ---------------------------------------------------

    def _act(self, action: life.Action, found: Found) -> Answer:
        match action:
            case life.Choose():
                return self._choose()
            case life.TakeLease():
                return self._take_lease()
            case life.BringKey():
                return self._bring_key()
            case life.StartServer():
                return self._start_server(_lease(found))
            case life.TakeAddress():
                self._cloud.create_floating_ip(names.tag(self.run_id))
                return Pending("its address is being set up", AT_ONCE)
            case life.Attach():
                return self._attach(found)
            case life.Knock():
                return self._knock(found)
            case life.Prove():
                return self._prove()
            case life.Extend():
                return self._extend(_lease(found))
            case life.HandOver():
                return self._allocation()
            case life.Wait(why, after):
                return Pending(why, after)
            case life.Fail(why):
                return self._fail(why, found)
            case life.GiveBack():
                return self._give_back()
            case life.TryAgain():
                return self._try_again()
            case life.GiveUp(reason, why):
                return self._give_up(reason, ". ".join((why, *self.kept.refusals[-1:])))
            case _:
                assert_never(action)

    def _choose(self) -> Answer:
        """Also gives back what an earlier life of this run left, of which nothing was remembered."""
        if not self.kept.tried_sites and (older := self._remove_leftovers()) is not None:
            return older
        open_sites = [s for s in self.means.sites.values() if s.name not in self.kept.closed_sites]
        if not open_sites:
            return self._give_up(Reason.LEASE_REFUSED, self._refusal_words())
        offered = choosing.ask([site.cloud for site in open_sites], self.kept, self._latest)
        if offered.refused:
            self._close_sites(offered.refused)
        found = choosing.choices(offered, self.kept, now=self.now, latest=self._latest)
        if not isinstance(found, Nothing):
            return self._pick(found, offered)
        if offered.silent:
            raise Retryable("; ".join(offered.silent.values()))
        words = " ".join(filter(None, [found.why, self._refusal_words()]))
        return self._give_up(found.reason if offered.supplies else Reason.LEASE_REFUSED, words)

    def _pick(self, found: tuple[Choice, ...], offered: choosing.Offered) -> Answer:
        """The best that nobody objects to and nobody else took before."""
        objections = {choice.machine.name: self._objection(choice, offered) for choice in found}
        fair = [choice for choice in found if objections[choice.machine.name] is None]
        if not fair:
            return Pending("; ".join(filter(None, objections.values())), timedelta(minutes=5))
        if self.kept.passed >= len(fair):
            self._keep(passed=0)
            return Pending("machines that looked free were taken", timedelta(minutes=2))
        chosen = fair[self.kept.passed]
        sites = dict.fromkeys((*self.kept.tried_sites, chosen.machine.site))
        self._keep(choice=chosen, tried_sites=tuple(sites))
        return Pending(f"{words_of(chosen)} is being asked for", AT_ONCE)

    def _objection(self, choice: Choice, offered: choosing.Offered) -> str | None:
        """Why a project that shares its site with others had better not take this now."""
        name = choice.machine.name
        wished = Span(choice.start or self.now, choice.end)
        ours = self.means.memory.held(name, besides=self.run_id)
        at_once, machines = self.means.leases_per_type, offered.machines(choice.machine.site, name)
        return stacking.objection(name, wished, ours, at_once=at_once, machines=machines)

    def _take_lease(self) -> Answer:
        choice = self._choice
        start = None if choice.start is None or choice.start <= self.now else choice.start
        if start is None:  # what was chosen some time ago still lasts as long
            choice = replace(choice, start=None, end=_whole_minute(self.now + self.kept.need.length))
        wish = LeaseWish(names.name(self.run_id, self.kept.attempt), wish_of(choice), start, choice.end)
        lease = self._cloud.create_lease(wish)
        log.info("lease taken", run_id=self.run_id, lease=lease.id, site=self._site.name)
        self._adopt(lease)
        return Pending(f"{words_of(choice)} is leased", AT_ONCE if start is None else life.SOON)

    def _bring_key(self) -> Answer:
        name, public = names.keypair(self.run_id), self.means.memory.public_key(self.run_id)
        self._cloud.delete_keypair(name)  # one of an earlier life, whose private half is lost
        self._cloud.create_keypair(name, public.read_text())
        self._keep(keyed=True)
        return Pending("its key is known", AT_ONCE)

    def _start_server(self, lease: Lease) -> Answer:
        wanted = self._site.image(self._choice)
        image = self._cloud.image(wanted)
        if image is None:
            why = f"{self._site.name} has no image {wanted}: name another in the settings of this site"
            return self._give_up(Reason.LEASE_REFUSED, why)
        wish = ServerWish(
            name=names.name(self.run_id, self.kept.attempt),
            reservation=lease.reservations[0],
            image_id=image.id,
            keypair=names.keypair(self.run_id),
            network=self._site.network,
            run_id=self.run_id,
            root_gb=self._site.boot_volume_gb(self._choice),
        )
        server = self._cloud.create_server(wish)
        log.info("server asked for", run_id=self.run_id, server=server.id, site=self._site.name)
        self._keep(server_id=server.id)
        return Pending("the machine is being set up", life.LATER)

    def _attach(self, found: Found) -> Answer:
        if found.address is not None and found.server is not None:
            self._cloud.attach(found.address.id, found.server.id)
        return Pending("its address is being set up", AT_ONCE)

    def _knock(self, found: Found) -> Answer:
        """The first contact: what it shows is what it has to show from then on."""
        site, server = self._site, found.server
        host = None if server is None else server.floating_address or server.fixed_address
        access = Access(
            Address(host or "", user=site.user),
            self.means.memory.key(self.run_id),
            None,
            site.jump,
            site.jump_host_key,
            site.jump_key,
        )
        silent = self.means.nodes.reachable(access, timeout=SSH_SECONDS)
        if silent is not None:
            return Pending(f"the machine boots: {silent}", life.LATER)
        try:
            node = self.means.nodes.connect(access)
        except Refused as error:  # until cloud-init has run, no key is let in
            return Pending(f"the machine boots: {error}", life.LATER)
        seen = replace(access, host_key=node.host_key, jump_host_key=node.jump_host_key)
        node.close()
        self._keep(access=seen)
        return Pending("the machine answers", AT_ONCE)

    def _prove(self) -> Answer:
        if self.kept.access is None:
            return Pending("the machine answers", AT_ONCE)
        try:
            node = self.means.nodes.connect(self.kept.access)
            try:
                proved = self.means.prove(node, self._choice, self.kept.need.resources.gpus)
            finally:
                node.close()
        except Retryable as error:  # for how long, `life.Limits` says
            return Pending(f"the machine is set up: {error}", max(timedelta(seconds=error.after), life.SOON))
        if isinstance(proved, str):
            self._fail_with(proved)
            return Pending(f"the machine is replaced: {proved}", AT_ONCE)
        self._keep(proved=proved)
        return Pending("the machine is in order", AT_ONCE)

    def _extend(self, lease: Lease) -> Answer:
        """Tried once: as much again as it had, as far as the run may cost it.

        A refusal is kept in words, and the job goes on to the end.
        """
        longer = min(lease.end - lease.start, LONGEST, self._affordable())
        if longer < WORTH_IT:
            self._keep(extension="not extended: the run may not cost more")
            return self._allocation()
        end = (lease.end + longer).replace(second=0, microsecond=0)
        try:
            self._cloud.move_end(lease.id, end)
        except CloudRefused as error:
            if not courses.FINAL_EXTENSION[error.refusal]:
                return self._allocation()
            log.warning("lease not extended", run_id=self.run_id, why=str(error))
            self._keep(extension=f"not extended: {error}")
            return self._allocation()
        self._charge_until(lease, end)
        self._keep(extension=f"extended until {end:%Y-%m-%d %H:%M} UTC", lease_end=end)
        return self._allocation()

    def _allocation(self) -> Answer:
        proved = self.kept.proved or Proved("", 1)
        declared = self.kept.need.resources.cpus
        folder = Folders(self.means.memory.work).of(self.run_id)
        return Allocation(
            name=names.name(self.run_id, self.kept.attempt),
            folder=str(folder),
            description=f"{words_of(self._choice)}, leased; {proved.words}. {self._choice.comparability}",
            cpus=min(declared or proved.cpus, proved.cpus),
            isolation="a machine of its own, and a container on it",
            network="open, as the spec asks" if self.kept.open_network else "off",
        )

    # --- an attempt that does not get on ---------------------------------------------------------

    def _fail(self, why: str, found: Found) -> Answer:
        uid = found.server.host_uid if found.server is not None else None
        self._fail_with(why, uid)
        return Pending(f"the machine is replaced: {why}", AT_ONCE)

    def _fail_with(self, why: str, uid: str | None = None) -> None:
        """What it cost so far, nobody's job got."""
        log.warning("leased machine failed", run_id=self.run_id, attempt=self.kept.attempt, why=why)
        uid = uid or self._host_uid()
        avoided = dict.fromkeys((*self.kept.avoided, *([uid] if uid else [])))
        for charge in self.means.memory.charges(self.run_id):
            if charge.lease_id == self.kept.lease_id:
                self.means.memory.charge(self.run_id, replace(charge, fault=why))
        self._keep(failing=why, avoided=tuple(avoided))

    def _host_uid(self) -> str | None:
        servers = self._cloud.servers()
        return next((each.host_uid for each in servers if each.id == self.kept.server_id), None)

    def _give_back(self) -> Answer:
        """Its address and key are kept for the next attempt."""
        mine = replace(left(self._cloud, self.run_id), addresses=(), keypairs=())
        why = f"the machine is replaced: {self.kept.failing}"
        removal = next_removal(mine)
        removing.remove(self.means.memory, self._cloud, self.run_id, removal, self.now)
        return Pending(why, life.SOON)

    def _try_again(self) -> Answer:
        why = self.kept.failing or ""
        self._keep(
            attempt=self.kept.attempt + 1,
            choice=None,
            lease_id=None,
            lease_end=None,
            server_id=None,
            keyed=False,
            access=None,
            proved=None,
            failing=None,
            passed=0,
            refusals=(*self.kept.refusals, f"the first machine failed: {why}"),
        )
        return Pending(f"another machine is looked for: {why}", AT_ONCE)

    def _refused(self, error: CloudRefused) -> Answer:
        site = self.kept.choice.machine.site if self.kept.choice is not None else None
        log.warning(
            "cloud refused", run_id=self.run_id, site=site, refusal=error.refusal.value, why=str(error)
        )
        course = courses.COURSE[error.refusal]
        self._keep(refusals=(*self.kept.refusals, str(error))[-5:])
        leased = self.kept.lease_id is not None
        match course:
            case courses.Course.LOOK:
                return Pending(str(error), life.SOON)
            case courses.Course.LATER:
                return Pending(str(error), timedelta(minutes=1))
            case courses.Course.ELSEWHERE if not leased:
                self._keep(choice=None, passed=self.kept.passed + 1)
                return Pending(str(error), AT_ONCE)
            case courses.Course.OTHER_SITE if not leased and site is not None:
                self._keep(choice=None, passed=0, closed_sites=(*self.kept.closed_sites, site))
                return Pending(str(error), AT_ONCE)
            case _:
                return self._give_up(courses.REASON[error.refusal], str(error))

    def _give_up(self, reason: Reason, why: str) -> Answer:
        self._keep(ended=Ended(reason, why))
        return Failed(reason, why)

    # --- shared ----------------------------------------------------------------------------------

    @property
    def _chosen(self) -> bool:
        return self.kept.choice is not None

    @property
    def _latest(self) -> datetime:
        """When nobody is to wait, only what is free now will do."""
        return max(self.kept.asked_at + self.means.longest_wait, self.now)

    @property
    def _choice(self) -> Choice:
        if self.kept.choice is None:
            raise Refused(f"run {self.run_id} has chosen no machine")
        return self.kept.choice

    @property
    def _site(self) -> Site:
        name = self._choice.machine.site
        if name not in self.means.sites:
            raise Refused(
                f"run {self.run_id} has its machine at {name}, which is not in the settings any more"
            )
        return self.means.sites[name]

    @property
    def _cloud(self) -> Cloud:
        return self._site.cloud

    def _look(self) -> Found:
        """What was made and never written down is written down now."""
        if not self._chosen:
            return Found()
        found = look(self._cloud, self.run_id, self.kept)
        if found.lease is not None and self.kept.lease_id is None:
            self._adopt(found.lease)
        if found.server is not None and self.kept.server_id is None:
            self._keep(server_id=found.server.id)
        return found

    def _adopt(self, lease: Lease) -> None:
        self.means.memory.charge(self.run_id, removing.charge_for(self._choice, lease))
        self._keep(lease_id=lease.id, lease_end=lease.end)

    def _charge_until(self, lease: Lease, end: datetime) -> None:
        for charge in self.means.memory.charges(self.run_id):
            if charge.lease_id == lease.id:
                self.means.memory.charge(self.run_id, replace(charge, end=end))

    def _close_sites(self, refused: Mapping[str, str]) -> None:
        log.warning("sites refused", run_id=self.run_id, sites=dict(refused))
        self._keep(
            closed_sites=(*self.kept.closed_sites, *refused),
            refusals=(*self.kept.refusals, *refused.values())[-5:],
        )

    def _remove_leftovers(self) -> Pending | None:
        for site in self.means.sites.values():
            removal = next_removal(left(site.cloud, self.run_id))
            if not isinstance(removal, Gone):
                removing.remove(self.means.memory, site.cloud, self.run_id, removal, self.now)
                return Pending("what an earlier attempt at this run left is given back", life.SOON)
        return None

    def _affordable(self) -> timedelta:
        """How much longer a lease may be that is paid for already."""
        most, rate = self.kept.need.most_su, self._choice.machine.rate.high
        if most is None or rate <= 0:
            return LONGEST
        charges = self.means.memory.charges(self.run_id)
        spent = reserved(charge for charge in charges if charge.fault is None)
        return timedelta(hours=max(min((most - spent) / rate, 1000.0), 0.0))

    def _refusal_words(self) -> str:
        return " ".join(self.kept.refusals)

    def _keep(self, **fields: object) -> None:
        self.kept = replace(self.kept, **fields)  # type: ignore[arg-type]
        self.means.memory.save(self.run_id, self.kept)


def wish_of(choice: Choice) -> HostsWish | FlavorWish:
    if choice.flavor_id is not None:
        return FlavorWish(choice.flavor_id)
    return HostsWish(choice.machine.name, uids=choice.uids)


def words_of(choice: Choice) -> str:
    """For people: what and where."""
    return f"{choice.machine.name} at {choice.machine.site}"


def _lease(found: Found) -> Lease:
    if found.lease is None:
        raise Retryable("the lease is not there any more")
    return found.lease


def _whole_minute(at: datetime) -> datetime:
    floor = at.replace(second=0, microsecond=0)
    return floor if floor == at else floor + timedelta(minutes=1)
