"""A plan: what would be run for somebody who may not start runs, told so that others can decide. Pure.

One comment of a pull request holds the newest plan of each experiment. Whoever may start runs approves one
by its id, which stands for exactly this commit, these arguments and this limit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reprise.domain.leasing.bill import estimate_words
from reprise.domain.leasing.quote import Estimate
from reprise.domain.pins import Pins, is_lock
from reprise.domain.run import Sha
from reprise.domain.text import code, inline, sentence
from reprise.domain.words import cores, duration, size

MOST_SHOWN = 20
"""Plans in one comment."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What whoever approves has to know."""

    spec_sha256: str
    """64 hex digits, of the spec file."""
    command: tuple[str, ...]
    backend: str
    cpus: int | None
    memory_bytes: int | None
    network: str
    trials: int
    probe: bool
    timeout: float
    """Seconds, of one execution."""
    most: float
    """Machine seconds after which the run would be ended."""
    expected: float | None
    """Machine seconds; None = unknown."""
    basis: str
    """Where the expectation comes from, e.g. ``as declared``."""
    python: str | None
    pins: Pins | None
    """None when no lock file was found."""
    for_admin: bool = False
    """Whether the policy wants an administrator to approve it."""
    controls: int = 0
    """Variants of the job that must not reach the bar, each executed once."""
    quoted: Estimate | None = None
    """What a lease would cost; None where nothing is leased."""


@dataclass(frozen=True, slots=True)
class Plan:
    id: str
    repository_id: int
    pull_request: int
    experiment: str
    spec_file: str
    commit: Sha
    from_fork: bool
    seeds: int | None
    claims: tuple[str, ...] | None
    asked_by: str
    comment_id: int
    """Of whoever asked."""
    created_at: datetime
    expires_at: datetime
    facts: Facts
    ended_at: datetime | None = None
    approved_by: str | None = None
    ending: str | None = None
    """Why it is not open any more, in words."""

    def runs_the_same(self, other: "Plan") -> bool:
        return _what(self) == _what(other)


def _what(plan: Plan) -> tuple[object, ...]:
    facts = plan.facts
    what = plan.experiment, plan.commit, plan.from_fork, plan.seeds, plan.claims
    return *what, facts.spec_sha256, facts.backend


def plan_id(repository_id: int, pull_request: int, experiment: str, commit: Sha, comment_id: int) -> str:
    """Follows from what is planned and who asked, so that a repetition is no new plan."""
    identity = f"{repository_id}|{pull_request}|{experiment}|{commit}|{comment_id}"
    return "p" + hashlib.sha256(identity.encode()).hexdigest()[:8]


def render_plans(marker: str, plans: Sequence[Plan]) -> str:
    """The comment with these plans, in the order of their experiments' names."""
    ordered = sorted(plans, key=lambda plan: (plan.ended_at is not None, plan.experiment))
    parts = [_render(plan) for plan in ordered[:MOST_SHOWN]]
    return f"{marker}\n" + "\n\n---\n\n".join(parts)


def _render(plan: Plan) -> str:
    title = f"### Plan {code(plan.id)} for {_subject(plan)}"
    if plan.ended_at is not None:
        return f"{title}: {inline(plan.ending or 'ended')}"
    asks = f"{code(plan.asked_by)} asks to reproduce {code(plan.commit)}"
    fork = ", a fork's code" if plan.from_fork else ""
    what_next = f"Nothing runs until {_approver(plan)} looks at the code and approves:"
    command = f"```\n/reproduce approve {plan.id}\n```"
    rows = [f"| {name} | {value} |" for name, value in _rows(plan)]
    table = "\n".join(["| what | value |", "|--|--|", *rows])
    return "\n\n".join((title, f"{asks}{fork}. {what_next}", command, table))


def _subject(plan: Plan) -> str:
    seeds = f"seeds={plan.seeds}" if plan.seeds is not None else None
    claims = f"claims={','.join(plan.claims)}" if plan.claims is not None else None
    options = " ".join(filter(None, (seeds, claims)))
    fork = " of a fork" if plan.from_fork else ""
    return f"{inline(plan.experiment)}{fork}{f' with {code(options)}' if options else ''}"


def _approver(plan: Plan) -> str:
    if not plan.facts.for_admin:
        return "somebody who may start runs here"
    return (
        "an administrator (the policy wants one: `policy.who` on the default branch, "
        "or in the settings of this controller)"
    )


def _rows(plan: Plan) -> tuple[tuple[str, str], ...]:
    facts = plan.facts
    until = plan.expires_at.strftime("%Y-%m-%d %H:%M UTC")
    return (
        ("commit", code(plan.commit)),
        ("experiment", f"{code(plan.spec_file)}, sha256 {code(facts.spec_sha256)}"),
        ("command", code(" ".join(facts.command))),
        ("trials", _trials(plan)),
        ("environment", _environment(facts)),
        ("hardware", _hardware(facts)),
        ("network", f"`{facts.network}`"),
        ("expected time", _expected(facts)),
        ("cost", f"at most {duration(facts.most)} of one machine; then the run is ended"),
        *_leases(facts),
        ("valid", f"until {until}, for this commit, once; a push voids it"),
    )


def _leases(facts: Facts) -> list[tuple[str, str]]:
    if facts.quoted is None:
        return []
    machines = ", ".join(map(code, facts.quoted.machines))
    return [("service units", f"{estimate_words(facts.quoted)}, on one of {machines}")]


def _trials(plan: Plan) -> str:
    facts = plan.facts
    count = "1 trial" if facts.trials == 1 else f"{facts.trials} trials"
    extra = [*(["a probe"] if facts.probe else []), *_controls(facts)]
    only = f", only {', '.join(map(code, plan.claims))} judged" if plan.claims else ""
    said = " and ".join([", ".join([count, *extra[:-1]]), *extra[-1:]])
    return f"{said}, each at most {duration(facts.timeout)}{only}"


def _controls(facts: Facts) -> list[str]:
    if not facts.controls:
        return []
    return ["a control" if facts.controls == 1 else f"{facts.controls} controls"]


def _environment(facts: Facts) -> str:
    python = f"Python {code(facts.python)}" if facts.python else "the Python that its files bring or name"
    if facts.pins is None:
        return f"**nothing says what is installed**, {python}"
    digest = f", sha256 {code(facts.pins.sha256)}" if facts.pins.sha256 else ""
    return f"{code(facts.pins.lock)}{digest}, {_pinned(facts.pins)}; {python}"


def _pinned(pins: Pins) -> str:
    if pins.empty:
        return "it names nothing to install"
    if pins.weak:
        return f"**weak: {inline(pins.weak)}**"
    return "every file pinned by its hash" if is_lock(pins.lock) else "pinned by digests"


def _hardware(facts: Facts) -> str:
    granted = "all cores that it grants" if facts.cpus is None else cores(facts.cpus)
    memory = "" if facts.memory_bytes is None else f", {size(facts.memory_bytes)} of memory"
    return f"backend `{facts.backend}`, {granted}{memory}"


def _expected(facts: Facts) -> str:
    if facts.expected is None:
        return sentence("unknown: no earlier run, and the spec declares no duration").rstrip(".")
    return f"{duration(facts.expected)}, {facts.basis}"
