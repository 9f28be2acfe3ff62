"""A planned run in words; ``reprise plan`` prints this above the statistics of its claims."""

import shlex
from collections.abc import Iterator

from reprise.domain.backend import Unfit
from reprise.domain.forecast import about
from reprise.domain.leasing.bill import estimate_words, units
from reprise.domain.leasing.quote import Estimate
from reprise.domain.pins import is_lock
from reprise.domain.planned_run import RunPlan
from reprise.domain.planned_text import block, table
from reprise.domain.spec.model import Hardware, Resources, Tolerance
from reprise.domain.text import clean, clean_line
from reprise.domain.trials import MIN_UNREPEATABLE
from reprise.domain.words import cores, duration, size


def render_run(plan: RunPlan) -> list[str]:
    rows = [
        ("runs", _command(plan)),
        *_executions(plan),
        ("pins", _pins(plan)),
        ("time", _time(plan)),
        ("needs", _needs(plan)),
        ("backend", "none of this controller" if isinstance(plan.backend, Unfit) else plan.backend),
        *_cost(plan),
        *_data(plan),
        *_labelled("missing", plan.missing),
    ]
    return [*table([(label, clean(text)) for label, text in rows]), *_image(plan.here.dockerfile or "")]


def _image(dockerfile: str) -> list[str]:
    """As it is written: a line break or an indentation less would be another file."""
    lines = [clean_line(line).rstrip() for line in dockerfile.splitlines()]
    return block("image", lines)


def _command(plan: RunPlan) -> str:
    run = plan.spec.run
    where = "" if run.workdir == "." else f", in {run.workdir}"
    if run.seed is None or not (run.seed.arg or run.seed.env):
        return f"{shlex.join(run.command)}{where}, without a seed"
    arg = f" {run.seed.arg} {run.seed.value}" if run.seed.arg else ""
    env = f"{run.seed.env}={run.seed.value} " if run.seed.env else ""
    return f"{env}{shlex.join(run.command)}{arg}{where}"


def _executions(plan: RunPlan) -> Iterator[tuple[str, str]]:
    spec = plan.spec
    extra = (["a probe"] if plan.probe else []) + _controls(plan.controls)
    said = [_trials(spec.n), *extra]
    whole = " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else said[0]
    each = "each " if extra or spec.n > 1 else ""
    yield "executions", f"{whole}, {each}at most {duration(spec.run.timeout.total_seconds())}"
    if plan.probe and spec.n < MIN_UNREPEATABLE and _tolerant(plan):
        yield "", f"{_trials(MIN_UNREPEATABLE)} if the probe shows that the job does not repeat"


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"


def _controls(count: int) -> list[str]:
    return [] if not count else ["a control" if count == 1 else f"{count} controls"]


def _tolerant(plan: RunPlan) -> bool:
    return any(isinstance(claim.compare, Tolerance) for claim in plan.spec.claims)


def _pins(plan: RunPlan) -> str:
    return f"{_lock(plan)}; {_python(plan)}"


def _lock(plan: RunPlan) -> str:
    pins = plan.here.pins
    if plan.spec.environment.image is not None:
        weak = f", weak: {pins.weak}" if pins is not None and pins.weak else ""
        return f"the image {plan.spec.environment.image}{weak}"
    if pins is None:
        return "no lock file"
    if pins.empty:
        return f"{pins.lock}, which names nothing to install"
    if pins.weak:
        return f"{pins.lock}, weak: {pins.weak}"
    return f"{pins.lock}, every file by its hash" if is_lock(pins.lock) else pins.lock


def _python(plan: RunPlan) -> str:
    if plan.here.in_image and plan.here.python is None:
        return "the Python of the image"
    if plan.here.python is None:
        return "nobody says which Python, so the one of Reprise"
    request, source = plan.here.python
    return f"Python {request} ({source})"


def _time(plan: RunPlan) -> str:
    most = f"at most {duration(plan.most_seconds)} of one machine"
    if plan.expected is None:
        return f"unknown, since no duration is declared and nothing ran here before; {most}"
    seconds, basis = plan.expected
    return f"{about(seconds)}, {basis}; {most}"


def _cost(plan: RunPlan) -> Iterator[tuple[str, str]]:
    quoted = plan.quoted
    if not isinstance(quoted, Estimate):
        return
    yield "cost", estimate_words(quoted)
    lease = duration(quoted.length.lease.total_seconds())
    yield "", f"a lease of {lease}, which reserves {units(quoted.least)} SU at least"
    if quoted.length.beyond:
        beyond = duration(quoted.length.beyond.total_seconds())
        yield "", f"{beyond} more may be needed than one lease can have; it can be extended once"
    yield "", f"on one of {', '.join(quoted.machines)}"


def _needs(plan: RunPlan) -> str:
    resources = plan.spec.resources
    granted = "all granted cores" if resources.cpus is None else cores(resources.cpus)
    memory = "" if resources.memory_bytes is None else f", {size(resources.memory_bytes)} of memory"
    network = f", network {plan.spec.environment.network.value}"
    return f"{granted}{memory}, {_machines(resources)}{network}{_published_on(plan.spec.reference.hardware)}"


def _gpus(resources: Resources) -> str:
    if not resources.gpus:
        return "no GPU"
    words = "1 GPU" if resources.gpus == 1 else f"{resources.gpus} GPUs"
    least = resources.gpu_memory_bytes
    of = [] if least is None else [f"{size(least)} at least"]
    of += [" or ".join(resources.gpu_arch)] if resources.gpu_arch else []
    return f"{words} ({', '.join(of)})" if of else words


def _machines(resources: Resources) -> str:
    return _gpus(resources) + (f" of {' or '.join(resources.node_types)}" if resources.node_types else "")


def _published_on(hardware: Hardware | None) -> str:
    if hardware is None or hardware.gpu is None:
        return ""
    count = "" if hardware.count == 1 else f"{hardware.count} × "
    return f"; the published numbers are from {count}{hardware.gpu}"


def _data(plan: RunPlan) -> Iterator[tuple[str, str]]:
    yield from _labelled("data", [f"{each.file.path}: {each.standing.value}" for each in plan.here.inputs])


def _labelled(label: str, texts: tuple[str, ...] | list[str]) -> Iterator[tuple[str, str]]:
    for index, text in enumerate(texts):
        yield "" if index else label, text
