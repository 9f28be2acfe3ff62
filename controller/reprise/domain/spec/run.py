"""Sections ``on``, ``run`` and ``environment`` of the spec."""

import re
import shlex
from datetime import timedelta

from reprise.domain import pins
from reprise.domain.images import references
from reprise.domain.spec.document import Scalar
from reprise.domain.spec.model import EnvironmentRule, Network, RunRule, SeedRule
from reprise.domain.spec.problems import quote
from reprise.domain.spec.quantities import parse_duration
from reprise.domain.spec.section import Section

DEFAULT_TIMEOUT = timedelta(hours=2)
IMAGE_EXPECTED = "an image such as ghcr.io/owner/name@sha256:…"
DURATION_EXPECTED = "a duration of at most 30 days such as 1h30m"
MOST_PATTERNS = 100

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,2})?", re.ASCII)
SHELL_WORDS = frozenset({"&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1"})


def read_tags(root: Section) -> tuple[str, ...]:
    on = root.section("on")
    if on is None:
        return ("*",)
    on.line("schedule")
    on.later("schedule")
    tags = on.texts("tags")
    if tags is None:
        return ("*",)
    if len(tags) > MOST_PATTERNS or any(not 0 < len(tag) <= 255 for tag in tags):
        on.wrong("tags", f"must be at most {MOST_PATTERNS} patterns of 1 to 255 characters each")
    return tags


def read_run(root: Section, duration: timedelta | None) -> RunRule:
    """``duration`` is the expected time of a trial, from which the time limit follows."""
    limit = DEFAULT_TIMEOUT if duration is None else 2 * duration
    run = root.section("run")
    if run is None:
        if not root.has("run"):
            root.problems.add(root.mark, "the key 'run' is missing; it holds the command, run.command")
        return RunRule((), ".", limit, None)
    run.require("command")
    return RunRule(
        command=_command(run),
        workdir=run.folder("workdir") or ".",
        timeout=run.read("timeout", parse_duration, expected=DURATION_EXPECTED) or limit,
        seed=_seed(run),
    )


def read_environment(root: Section) -> EnvironmentRule:
    environment = root.section("environment")
    if environment is None:
        return EnvironmentRule(None, None, Network.FETCH_ONLY)
    _one_source(environment)
    return EnvironmentRule(
        lock=_lock(environment),
        python=environment.read("python", _python, expected='a version such as "3.11" or "3.11.7"'),
        network=_network(environment),
        dockerfile=environment.file("dockerfile"),
        image=environment.read("image", _image, expected=IMAGE_EXPECTED),
    )


def _command(run: Section) -> tuple[str, ...]:
    if run.has("command") and isinstance(run.entries["command"][1], Scalar):
        return _split(run)
    words = run.texts("command") or ()
    if run.has("command") and not (words and words[0].strip()):
        run.wrong("command", "must begin with a program, such as [python, train.py]")
    return words


def _split(run: Section) -> tuple[str, ...]:
    text = run.raw("command")
    if text is None:
        return ()
    if "\n" in text.strip():
        run.wrong("command", "must be one line: there is no shell; put several commands into a script")
        return ()
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        run.wrong("command", f"cannot be split into arguments ({str(error).lower()}): {quote(text)}")
        return ()
    shell = next((word for word in words if word in SHELL_WORDS), None)
    if shell:
        run.wrong("command", f'contains {quote(shell)}, but there is no shell; write [sh, -c, "…"] for one')
    elif not words or not words[0].strip():
        run.wrong("command", "must begin with a program, such as python train.py")
    return words


def _seed(run: Section) -> SeedRule | None:
    seed = run.section("seed")
    if seed is None:
        return None
    if not seed.entries:
        run.wrong("seed", "is empty; give arg, env or value")
    return SeedRule(
        arg=seed.line("arg"),
        env=seed.read("env", _variable, expected="the name of a variable such as SEED"),
        value=seed.integer("value", low=0, high=2**63 - 1) or 0,
    )


def _one_source(environment: Section) -> None:
    declared = [key for key in ("lock", "dockerfile", "image") if environment.has(key)]
    for key in declared[1:]:
        environment.wrong(key, f"cannot stand beside environment.{declared[0]}; keep one of them")


def _lock(environment: Section) -> str | None:
    lock = environment.file("lock")
    if lock is not None and not pins.is_lock(lock):
        environment.wrong(
            "lock",
            f"{quote(lock)} is no lock file; use uv.lock, requirements in a .txt file, conda-lock.yml or "
            "pixi.lock",
        )
    return lock


def _network(environment: Section) -> Network:
    name = environment.choice("network", tuple(network.value for network in Network))
    return Network(name) if name else Network.FETCH_ONLY


def _variable(text: str) -> str | None:
    return text if VARIABLE.fullmatch(text) else None


def _image(text: str) -> str | None:
    return text if references.parse(text) is not None else None


def _python(text: str) -> str | None:
    return text if PYTHON.fullmatch(text) else None
