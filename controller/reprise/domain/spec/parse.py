"""Bytes of a spec file → `Spec`, or everything that is wrong with it. Pure; never raises.

Called when a trigger is resolved, by rehearsals and by ``reprise check``: the same bytes give the same
sentences everywhere.
"""

from dataclasses import replace
from pathlib import PurePosixPath

from reprise.domain.policy import UNRESTRICTED, Policy
from reprise.domain.spec.checkpoint import read_checkpoint
from reprise.domain.spec.claims import read_claims
from reprise.domain.spec.document import read_document
from reprise.domain.spec.model import BadSpec, Claim, Distribution, Problem, Spec
from reprise.domain.spec.names import NAME_EXPECTED, is_experiment_file, parse_name
from reprise.domain.spec.needs import (
    check_failures,
    read_artifacts,
    read_data,
    read_determinism,
    read_resources,
    read_runs,
)
from reprise.domain.spec.policy import read_policy
from reprise.domain.spec.problems import Problems, quote
from reprise.domain.spec.reference import read_reference
from reprise.domain.spec.run import read_environment, read_run, read_tags
from reprise.domain.spec.section import Section, open_section

DISTRIBUTION_TRIALS = 5
"""Default of ``runs.n`` where a claim is compared in mode distribution."""


def parse_spec(data: bytes, *, file: str, default_name: str) -> Spec | BadSpec:
    """Read a spec file.

    ``file`` is its path from the repository root, for messages and for the rule that an experiment file
    is called like its experiment. ``default_name`` comes from `names.experiment_name`; a bad spec reports
    under its own name where that can be read, else under the default.
    """
    problems = Problems(file)
    node = read_document(data, problems)
    root = open_section("", node, problems) if node is not None else None
    if root is None:
        return BadSpec(default_name, problems.in_order())
    spec = _spec(root, default_name)
    if problems.found:
        return BadSpec(spec.name, problems.in_order())
    return spec


def parse_policy(data: bytes, *, file: str) -> Policy | Problem:
    """Only the policy of a spec file, whatever else is wrong with it; the first problem where it has some."""
    problems = Problems(file)
    node = read_document(data, problems)
    root = open_section("", node, Problems(file)) if node is not None else None
    policy = read_policy(replace(root, problems=problems)) if root is not None else UNRESTRICTED
    if root is None and not problems.found:
        return Problem(file, 1, 1, "it is not a spec")
    return problems.in_order()[0] if problems.found else policy


def _spec(root: Section, default_name: str) -> Spec:
    _version(root)
    resources = read_resources(root)
    n, allow_failed = read_runs(root)
    run = read_run(root, resources.duration)
    claims = read_claims(root, n=n, seeded=run.seed is not None)
    n = n or _usual_trials(claims)
    check_failures(root, n, allow_failed)
    return Spec(
        name=_name(root, default_name),
        tags=read_tags(root),
        run=run,
        environment=read_environment(root),
        data=read_data(root),
        resources=resources,
        determinism=read_determinism(root, probed=_probed(claims)),
        n=n,
        allow_failed=allow_failed,
        claims=claims,
        artifacts=read_artifacts(root),
        policy=read_policy(root),
        reference=read_reference(root),
        checkpoint=read_checkpoint(root),
    )


def _usual_trials(claims: tuple[Claim, ...]) -> int:
    """Where ``runs.n`` is not declared: a distribution cannot be seen in one value."""
    return DISTRIBUTION_TRIALS if any(isinstance(claim.compare, Distribution) for claim in claims) else 1


def _probed(claims: tuple[Claim, ...]) -> bool:
    """A repeat of the first trial decides nothing without claims, nor for a distribution."""
    return any(not isinstance(claim.compare, Distribution) for claim in claims)


def _version(root: Section) -> None:
    root.require("version")
    version = root.integer("version", low=1, high=10**6)
    if version not in (None, 1):
        root.wrong("version", f"{version} is not supported yet; this release reads version 1")


def _name(root: Section, default_name: str) -> str:
    file = root.problems.file
    stem = PurePosixPath(file).stem
    if is_experiment_file(file) and parse_name(stem) is None:
        root.problems.add(root.mark, f"the file name {quote(stem)} must be {NAME_EXPECTED}; rename the file")
    name = root.read("name", parse_name, expected=NAME_EXPECTED)
    if name is None:
        return default_name
    if is_experiment_file(file) and name != stem:
        root.wrong("name", f"must be {quote(stem)} like the file, not {quote(name)}; rename one of them")
        return default_name
    return name
