"""Which policy counts for an experiment, and what it would cost. Asked by intake before anything is run.

The policy is read from the default branch as it is now: the repository's own (``reprise.yaml``), that of the
experiment's file, and the operator's, of which the stricter wins in each point.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache

from reprise.domain.backend import Needs, Unfit, choose_backend, needs_of
from reprise.domain.command import Reproduce
from reprise.domain.errors import Refused
from reprise.domain.forecast import usual_seconds
from reprise.domain.leasing.quote import Estimate
from reprise.domain.policy import SU_SECONDS, Policy, Unreadable, stricter
from reprise.domain.run import Repository, Sha
from reprise.domain.spec.asked import with_arguments
from reprise.domain.spec.document import MOST_BYTES
from reprise.domain.spec.files import SpecFile
from reprise.domain.spec.model import BadSpec, Problem, Spec
from reprise.domain.spec.names import SPEC_FILE
from reprise.domain.spec.parse import parse_policy
from reprise.domain.trials import controls_of, most_executions, wants_probe
from reprise.domain.trust import Allowed, Asked, Cost, Decision, decide
from reprise.domain.trust import Refused as RefusedByTrust
from reprise.engine import accounts
from reprise.engine.world import World
from reprise.store import took


@dataclass(frozen=True, slots=True)
class Answer:
    """May it run, and where?"""

    decision: Decision
    backend: str
    """The default one for what may not run anywhere."""
    rate: float = 1.0
    """Service units an hour of a machine there."""


class Policies:
    """Of one look at some triggers: the default branch of a repository is asked for once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._head: Callable[[Repository], Sha | None] = cache(world.source.head)

    def decide(
        self,
        question: Asked,
        repository: Repository,
        sha: Sha,
        files: Sequence[SpecFile],
        command: Reproduce,
    ) -> list[Answer]:
        """For each of these experiments of a fetched commit; what one may take is not left for the next."""
        several = len(self._world.backends) > 1
        names = self._world.source.list_folder(repository, sha, "") if several else None
        answers: list[Answer] = []
        taken = 0.0
        for file in files:
            answer = self._decide(question, repository, file, command, names, taken)
            if isinstance(answer.decision, Allowed):
                taken += (answer.decision.limit or 0.0) * answer.rate
            answers.append(answer)
        return answers

    def _decide(
        self,
        question: Asked,
        repository: Repository,
        file: SpecFile,
        command: Reproduce,
        names: Collection[str] | None,
        taken: float,
    ) -> Answer:
        spec = file.spec
        if isinstance(spec, Spec):
            spec = with_arguments(spec, command.seeds, command.claims)
        # One that cannot be read is only reported: its author hears of that, not of the policy.
        policy = self._world.policy if isinstance(spec, BadSpec) else self.policy(repository, file.path)
        needs = Needs(untrusted=question.untrusted)
        if isinstance(spec, Spec):
            needs = needs_of(spec, untrusted=question.untrusted, names=names)
        where = self.backend(needs, policy, wanted=command.backend)
        cost = self.cost(repository, spec, policy, None if isinstance(where, Unfit) else where)
        decision = decide(question, policy, replace(cost, reserved=cost.reserved + taken))
        if isinstance(decision, RefusedByTrust):
            return Answer(decision, self._world.default)
        if isinstance(where, Unfit):
            return Answer(RefusedByTrust(where.why), self._world.default)
        return Answer(decision, where, cost.rate)

    def backend(self, needs: Needs, policy: Policy | Unreadable, *, wanted: str | None) -> str | Unfit:
        """Where it would run."""
        if isinstance(policy, Unreadable):
            return Unfit(policy.why)
        return choose_backend(self._world.offers, needs, policy, wanted=wanted)

    def policy(self, repository: Repository, spec_file: str) -> Policy | Unreadable:
        """Raises Retryable when the repository does not answer."""
        try:
            head = self._head(repository)
            found = [] if head is None else self._committed(repository, head, spec_file)
        except Refused as error:
            return Unreadable(f"The policy on the default branch cannot be read: {error}")
        policy = self._world.policy
        for each in found:
            if isinstance(each, Problem):
                return Unreadable(f"The policy on the default branch cannot be used: {each}")
            policy = stricter(policy, each)
        return policy

    def _committed(self, repository: Repository, head: Sha, spec_file: str) -> list[Policy | Problem]:
        source = self._world.source
        source.fetch(repository, head)
        files = [
            (path, source.read(repository, head, path, limit=MOST_BYTES))
            for path in dict.fromkeys((SPEC_FILE, spec_file))
        ]
        return [parse_policy(data, file=path) for path, data in files if data is not None]

    def cost(
        self,
        repository: Repository,
        spec: Spec | BadSpec,
        policy: Policy | Unreadable,
        backend: str | None = None,
    ) -> Cost:
        """``spec`` as it was asked for. One that cannot be read is only reported, which costs nothing.

        What no bound of the policy asks for is not looked up: a thousand tags may come at once.
        """
        if isinstance(spec, BadSpec) or isinstance(policy, Unreadable):
            return Cost()
        most = most_executions(spec) * spec.run.timeout.total_seconds()
        if (policy.max_su_per_run, policy.max_su_per_month) == (None, None):
            return Cost(None, most)
        quoted = accounts.quote(self._world, repository, spec, backend) if backend is not None else None
        rate = quoted.rate if isinstance(quoted, Estimate) else 1.0
        expected = self.expected(repository, spec, backend)
        if policy.max_su_per_month is None:
            return Cost(expected, most, rate=rate)
        with self._world.store.read() as connection:
            taken = accounts.taken(connection, repository, self._world.clock.now())
        return Cost(expected, most, taken.spent, taken.reserved, rate)

    def expected(self, repository: Repository, spec: Spec, backend: str | None = None) -> float | None:
        """Machine seconds: what earlier runs took, else as declared; None when nobody knows."""
        quoted = accounts.quote(self._world, repository, spec, backend) if backend is not None else None
        if isinstance(quoted, Estimate):
            return None if quoted.likely is None else quoted.likely / quoted.rate * SU_SECONDS
        most = most_executions(spec) * spec.run.timeout.total_seconds()
        usual = usual_seconds(self._earlier(repository, spec))
        found = declared(spec) if usual is None else usual
        return None if found is None else min(found, most)

    def basis(self, repository: Repository, spec: Spec, backend: str) -> str:
        """Where the expected time comes from."""
        known = self._world.backends.get(backend)
        if known is not None and known.provider.leases:
            return "of its lease"
        earlier = len(self._earlier(repository, spec))
        if earlier:
            return "from an earlier run" if earlier == 1 else f"from {earlier} earlier runs"
        return "as declared"

    def _earlier(self, repository: Repository, spec: Spec) -> list[float]:
        with self._world.store.read() as connection:
            return took.usual_durations(connection, repository.id, spec.name)


def declared(spec: Spec) -> float | None:
    """Seconds of all executions that are certain; None when no duration is declared."""
    if spec.resources.duration is None:
        return None
    return spec.resources.duration.total_seconds() * (spec.n + wants_probe(spec) + len(controls_of(spec)))
