"""The Provider port on leased machines: from a request to a proved node, and back to nothing.

Every look does one thing and returns, so nothing waits in here but the end of a server that is being deleted,
for seconds. One lock per run: the workflow and the care for running leases may ask at the same time.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from reprise.adapters.chameleon import looking, removing
from reprise.adapters.chameleon.kept import KEPT_CHARGES, Ended, Kept, Need
from reprise.adapters.chameleon.sites import Site
from reprise.adapters.chameleon.turn import Answer, Means, Turn
from reprise.domain.errors import Refused, Retryable
from reprise.domain.leasing import courses
from reprise.domain.leasing.choice import Nothing
from reprise.domain.leasing.length import OVERHEAD, lease_length
from reprise.domain.leasing.life import AwaitServers, Gone, Left, next_removal
from reprise.domain.leasing.money import Charge
from reprise.domain.leasing.quote import Estimate, quote
from reprise.domain.leasing.refusal import CloudRefused
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import Network, Spec
from reprise.jobs.folders import Folders, wanted_by
from reprise.ports import Failed, Pending

log = structlog.get_logger()

SILENCE = timedelta(hours=2)
"""How long a site may say nothing before a run that waits for it ends."""
PATIENCE = 20.0
"""Seconds that a release watches servers go before it says that it wants to be asked again."""
LOOK_SECONDS = 2.0


class ChameleonProvider:
    leases = True
    """Every hour of a machine is charged to a project."""

    def __init__(
        self,
        means: Means,
        *,
        overhead: timedelta = OVERHEAD,
        may_open_network: bool = True,
        leaving: Callable[[RunId], None] = lambda run_id: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``overhead``: of a lease, what goes by before and after the job. ``may_open_network``: whether the
        operator lets a spec open the network. ``leaving``: called before a run's node is given back."""
        self._means = means
        self._memory = means.memory
        self._folders = Folders(means.memory.work)
        self._overhead = overhead
        self._may_open = may_open_network
        self._leaving = leaving
        self._now = now
        self._sleep = sleep
        self._locks: defaultdict[RunId, threading.Lock] = defaultdict(threading.Lock)
        self._silent_since: dict[RunId, datetime] = {}

    def request(self, run_id: RunId, spec: Spec) -> None:
        """Writes down what is wanted, and books what is only free later.

        A machine that is free now is leased by the first looks, once its image is known to build.
        """
        with self._locks[run_id]:
            if self._memory.load(run_id) is not None:
                return
            self._folders.make(run_id, wanted_by(spec))
            if not self._memory.public_key(run_id).exists():
                public = self._means.make_key(self._memory.key(run_id))
                self._memory.public_key(run_id).write_text(f"{public.strip()}\n")
            self._memory.save(run_id, self._wanted(spec))
            self._book_ahead(run_id)

    def observe(self, run_id: RunId) -> Answer:
        """One thing is done for the run at each look; once it has its node, its lease is looked after."""
        lock = self._locks[run_id]
        if not lock.acquire(timeout=1.0):
            return Pending("it is being looked at", timedelta(seconds=2))
        try:
            kept = self._memory.load(run_id)
            if kept is None:
                return Failed(Reason.INFRASTRUCTURE, f"nothing is leased for run {run_id}")
            answer = Turn(self._means, run_id, kept, self._now()).take()
            self._silent_since.pop(run_id, None)
        except Retryable as error:
            return self._silent(run_id, error)
        finally:
            lock.release()
        return answer

    def release(self, run_id: RunId) -> None:
        """Server, lease, address, key, and then our own folder: only when all of it was seen gone."""
        with self._locks[run_id]:
            kept = self._memory.load(run_id)
            self._leaving(run_id)
            for site in self._sites_of(kept):
                self._empty(site, run_id)
            self._memory.forget(run_id)
            self._memory.forget_charges(self._now() - KEPT_CHARGES)
        self._locks.pop(run_id, None)
        self._silent_since.pop(run_id, None)

    def owned(self) -> tuple[RunId, ...]:
        """Also what only a cloud knows of. A site that does not answer is left out this time."""
        found = set(self._memory.runs())
        for site in self._means.sites.values():
            try:
                found |= looking.runs_in(site.cloud)
            except (Retryable, Refused) as error:
                log.warning("site not looked through", site=site.name, why=str(error))
        return tuple(sorted(found))

    def quote(self, spec: Spec, usual: timedelta | None) -> Estimate | Nothing | None:
        return quote(spec, sites=tuple(self._means.sites), overhead=self._overhead, usual=usual)

    def charges(self, run_id: RunId) -> tuple[Charge, ...]:
        return self._memory.charges(run_id)

    # --- inside ----------------------------------------------------------------------------------

    def _book_ahead(self, run_id: RunId) -> None:
        """What cannot be done now is done, and said, by the looks."""
        for _ in range(2):
            kept = self._memory.load(run_id)
            if kept is None or kept.ended is not None:
                return
            if kept.choice is not None and kept.choice.start is None:
                return
            try:
                Turn(self._means, run_id, kept, self._now()).take()
            except (Retryable, Refused) as error:
                log.warning("nothing booked ahead", run_id=run_id, why=str(error))
                return

    def _wanted(self, spec: Spec) -> Kept:
        need = Need(
            spec.resources,
            lease_length(spec, overhead=self._overhead).lease,
            spec.policy.max_su_per_run,
            spec.reference.hardware,
        )
        opened = spec.environment.network is Network.OPEN
        ended = Ended(Reason.REFUSED, CLOSED) if opened and not self._may_open else None
        return Kept(need, self._now(), open_network=opened, ended=ended)

    def _silent(self, run_id: RunId, error: Retryable) -> Pending:
        """An outage of minutes ends no run. Raises Retryable after hours of it."""
        since = self._silent_since.setdefault(run_id, self._now())
        if self._now() - since > SILENCE:
            raise error
        return Pending(str(error), timedelta(seconds=max(error.after, 30.0)))

    def _sites_of(self, kept: Kept | None) -> list[Site]:
        """All of them where nobody remembers which. Raises Refused when one is no longer in the settings."""
        if kept is None or not kept.tried_sites:
            return list(self._means.sites.values())
        lacking = [name for name in kept.tried_sites if name not in self._means.sites]
        if lacking:
            raise Refused(
                f"{', '.join(lacking)} may hold a lease of this run and is not in the settings: add it again"
            )
        return [self._means.sites[name] for name in kept.tried_sites]

    def _empty(self, site: Site, run_id: RunId) -> None:
        """Raises Retryable while something is left. What was asked to go and stays is looked at in pauses."""
        patience, before = PATIENCE, None
        while True:
            try:
                left = looking.left(site.cloud, run_id)
                removal = next_removal(left)
                removing.remove(self._memory, site.cloud, run_id, removal, self._now())
            except CloudRefused as error:
                if courses.COURSE[error.refusal] in (courses.Course.LATER, courses.Course.LOOK):
                    raise Retryable(str(error), 5.0) from error
                raise
            if isinstance(removal, Gone):
                return
            if isinstance(removal, AwaitServers) or removal == before:
                if patience <= 0:
                    self._give_up_waiting(site, run_id, left)
                self._sleep(LOOK_SECONDS)
                patience -= LOOK_SECONDS
            before = removal

    def _give_up_waiting(self, site: Site, run_id: RunId, left: Left) -> None:
        removing.shorten(self._memory, site.cloud, run_id, left.leases, self._now())
        stays = (*left.servers, *left.leases, *left.addresses, *left.keypairs)
        raise Retryable(f"{site.name} is still deleting {', '.join(stays)} of run {run_id}", 5.0)


CLOSED = (
    "the spec has `environment.network: open`, which the operator of this controller does not allow: "
    "commit the data and write `fetch-only`, or ask the operator to allow it"
)
