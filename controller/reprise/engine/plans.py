"""Makes plans for whoever may not start runs, or asks to see one first. Called by commands; repeatable."""

from collections.abc import Sequence
from datetime import timedelta

from reprise.domain import trust
from reprise.domain.command import Reproduce
from reprise.domain.errors import Refused
from reprise.domain.forge import Permission, Reaction
from reprise.domain.images.pinned import pins_of
from reprise.domain.leasing.quote import Estimate
from reprise.domain.pins import Pins
from reprise.domain.plan import Facts, Plan, plan_id
from reprise.domain.policy import Policy
from reprise.domain.run import Repository, Sha
from reprise.domain.spec.asked import with_arguments
from reprise.domain.spec.files import SpecFile
from reprise.domain.spec.model import BadSpec, EnvironmentRule, Spec
from reprise.domain.trials import controls_of, wants_probe
from reprise.engine import accounts, conversation
from reprise.engine.asking import Asked, react, refuse
from reprise.engine.policies import Policies
from reprise.engine.settled import Settled
from reprise.engine.targets import Target
from reprise.engine.world import World
from reprise.store import plans as kept

_DAY = timedelta(hours=24)
_LOCK_BYTES = 32 * 2**20


def asks_too_often(world: World, asked: Asked) -> bool:
    """Whoever may write has their own repository to answer for."""
    if not asked.by_outsider:
        return False
    since = world.clock.now() - _DAY
    with world.store.read() as connection:
        before = kept.asked_since(connection, asked.trigger.who, since, besides=asked.comment_id or 0)
    return before >= world.plans.per_day


def propose(
    world: World,
    asked: Asked,
    command: Reproduce,
    target: Target,
    files: Sequence[SpecFile],
    where: Sequence[str],
    policies: Policies,
) -> Settled:
    """A plan for each of these experiments, which would run on the backend beside it.

    One that stands for the same already is kept.
    """
    made = []
    for file, backend in zip(files, where, strict=True):
        if isinstance(file.spec, BadSpec):
            return refuse(world, asked, conversation.bad_spec(file.spec))
        spec = with_arguments(file.spec, command.seeds, command.claims)
        made.append(_plan(world, asked, command, target, file, spec, backend, policies))
    react(world, asked, Reaction.EYES)
    now = world.clock.now()
    with world.store.write() as connection:
        for plan in made:
            if kept.open_plan(connection, plan, now) is None:
                kept.add(connection, plan)
    return Settled(f"{len(made)} plan(s) at {target.sha[:7]}")


def _plan(
    world: World,
    asked: Asked,
    command: Reproduce,
    target: Target,
    file: SpecFile,
    spec: Spec,
    backend: str,
    policies: Policies,
) -> Plan:
    repository, trigger, now = asked.repository, asked.trigger, world.clock.now()
    number = trigger.pull_request or 0
    policy = policies.policy(repository, file.path)
    cost = policies.cost(repository, spec, policy, backend)
    bound = trust.limit(policy, cost) if isinstance(policy, Policy) else None
    return Plan(
        id=plan_id(repository.id, number, spec.name, target.sha, asked.comment_id or 0),
        repository_id=repository.id,
        pull_request=number,
        experiment=spec.name,
        spec_file=file.path,
        commit=target.sha,
        from_fork=target.from_fork,
        seeds=command.seeds,
        claims=command.claims,
        asked_by=trigger.who,
        comment_id=asked.comment_id or 0,
        created_at=now,
        expires_at=now + world.plans.valid,
        facts=Facts(
            spec_sha256=file.sha256,
            command=spec.run.command,
            backend=backend,
            cpus=spec.resources.cpus,
            memory_bytes=spec.resources.memory_bytes,
            network=spec.environment.network.value,
            trials=spec.n,
            probe=wants_probe(spec),
            controls=len(controls_of(spec)),
            timeout=spec.run.timeout.total_seconds(),
            most=cost.most if bound is None else bound,
            expected=policies.expected(repository, spec, backend),
            basis=policies.basis(repository, spec, backend),
            python=spec.environment.python,
            for_admin=isinstance(policy, Policy) and policy.who is Permission.ADMIN,
            quoted=_quoted(world, repository, spec, backend),
            pins=_pins(world, repository, target.sha, spec.environment, backend),
        ),
    )


def _quoted(world: World, repository: Repository, spec: Spec, backend: str) -> Estimate | None:
    found = accounts.quote(world, repository, spec, backend)
    return found if isinstance(found, Estimate) else None


def _pins(world: World, repository: Repository, sha: Sha, rule: EnvironmentRule, backend: str) -> Pins | None:
    held: dict[str, bytes | None] = {}

    def content(path: str) -> bytes | None:
        if path not in held:
            try:
                held[path] = world.source.read(repository, sha, path, limit=_LOCK_BYTES)
            except Refused:  # too large to be installed from, which the build says
                held[path] = None
        return held[path]

    return pins_of(rule, content, images=world.backend(backend).offer.images)
