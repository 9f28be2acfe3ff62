"""Which policy counts for an experiment, and what it would cost. Asked by intake before anything is run.

The policy is read from the default branch as it is now: the repository's own (``reprise.yaml``), that of the
experiment's file, and the operator's, of which the stricter wins in each point.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from reprise.domain.audit import Unit
from reprise.domain.command import Reproduce
from reprise.domain.errors import Refused
from reprise.domain.forecast import usual_seconds
from reprise.domain.policy import Policy, Unreadable, stricter
from reprise.domain.run import Repository, Sha
from reprise.domain.spec.document import MOST_BYTES
from reprise.domain.spec.model import BadSpec, Problem, Spec
from reprise.domain.spec.names import SPEC_FILE
from reprise.domain.spec.parse import parse_policy
from reprise.domain.trials import most_executions, wants_probe
from reprise.domain.trust import Allowed, Asked, Cost, Decision, decide
from reprise.engine.specs import SpecFile, with_arguments
from reprise.engine.world import World
from reprise.store import audit, runs


class Policies:
    """Of one look at some triggers: the default branch of a repository is asked for once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._head: Callable[[Repository], Sha | None] = cache(world.source.head)

    def decide(
        self, question: Asked, repository: Repository, files: Sequence[SpecFile], command: Reproduce
    ) -> list[Decision]:
        """For each of these experiments; what one may take is not left for the next."""
        decided: list[Decision] = []
        taken = 0.0
        for file in files:
            spec = file.spec
            if isinstance(spec, Spec):
                spec = with_arguments(spec, command.seeds, command.claims)
            cost = self.cost(repository, spec)
            cost = replace(cost, reserved=cost.reserved + taken)
            # One that cannot be read is only reported: its author hears of that, not of the policy.
            policy = self._world.policy if isinstance(spec, BadSpec) else self.policy(repository, file.path)
            decision = decide(question, policy, cost)
            taken += (decision.limit or 0.0) if isinstance(decision, Allowed) else 0.0
            decided.append(decision)
        return decided

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

    def cost(self, repository: Repository, spec: Spec | BadSpec) -> Cost:
        """``spec`` as it was asked for. One that cannot be read is only reported, which costs nothing."""
        world = self._world
        with world.store.read() as connection:
            spent = audit.spent_since(
                connection, repository.full_name, Unit.MACHINE_SECONDS, month_of(world.clock.now())
            )
            reserved = runs.reserved_seconds(connection, repository.id)
            earlier = runs.usual_durations(connection, repository.id, spec.name)
        if isinstance(spec, BadSpec):
            return Cost(world.backend, 0.0, 0.0, spent, reserved)
        most = most_executions(spec) * spec.run.timeout.total_seconds()
        expected = min(usual_seconds(earlier) or declared(spec) or most, most)
        known = bool(earlier) or declared(spec) is not None
        return Cost(world.backend, expected if known else None, most, spent, reserved)

    def basis(self, repository: Repository, spec: Spec) -> str:
        """Where the expected time comes from."""
        with self._world.store.read() as connection:
            earlier = len(runs.usual_durations(connection, repository.id, spec.name))
        if earlier:
            return "from an earlier run" if earlier == 1 else f"from {earlier} earlier runs"
        return "as declared"


def declared(spec: Spec) -> float | None:
    """Seconds of all executions that are certain; None when no duration is declared."""
    if spec.resources.duration is None:
        return None
    return spec.resources.duration.total_seconds() * (spec.n + wants_probe(spec))


def month_of(now: datetime) -> datetime:
    """The beginning of a calendar month, UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
