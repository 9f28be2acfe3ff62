"""How much of each kind is kept, and what is removed when: what ``reprise doctor`` tells about it."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reprise.domain.retention import Bound
from reprise.domain.words import size
from reprise.engine.retention import LAST
from reprise.settings import Settings
from reprise.sizes import bytes_in

SECONDS = 10.0
"""For counting everything; on a huge or slow disk what was not counted is named."""
_IN_STATE = {
    "results and logs of runs": "runs",
    "build folders": "builds",
    "machines of live runs": "work",
    "containers of live runs": "containers",
    "MLflow's records": "mlflow",
    "rehearsals": "rehearsals",
    "evidence": "evidence",
}
_IN_CACHE = {
    "environments": ("environments",),
    "downloads": ("uv", "uv-builds", "exports"),
    "clones": ("git",),
    "MLflow environments": ("mlflow-*",),
}


@dataclass(frozen=True, slots=True)
class Space:
    sizes: dict[str, int]
    """Bytes by kind, of what was counted."""
    uncounted: tuple[str, ...]
    """Kinds for which the time was too short: there may be more."""

    @property
    def said(self) -> str:
        told = [
            f"{kind} {'at least ' if kind in self.uncounted else ''}{size(number)}"
            for kind, number in self.sizes.items()
            if number or kind in self.uncounted
        ]
        return ", ".join(told) or "nothing is kept yet"


def measure(settings: Settings, *, seconds: float = SECONDS) -> Space:
    """Takes little longer than ``seconds``, however much there is. One huge kind leaves others their time."""
    end = time.monotonic() + seconds
    sizes, uncounted, kinds = {}, [], list(_kinds(settings))
    for done, (kind, folders) in enumerate(kinds):
        until = time.monotonic() + (end - time.monotonic()) / (len(kinds) - done)
        sizes[kind] = sum(bytes_in(folder, deep=kind != "databases", until=until) for folder in folders)
        if time.monotonic() > until:
            uncounted.append(kind)
    return Space(sizes, tuple(uncounted))


def _kinds(settings: Settings) -> Iterator[tuple[str, list[Path]]]:
    yield "databases", [settings.state_dir]
    for kind, name in _IN_STATE.items():
        yield kind, [settings.state_dir / name]
    for kind, patterns in _IN_CACHE.items():
        yield kind, [path for pattern in patterns for path in settings.cache.glob(pattern) if path.is_dir()]


def bounds_in_words(settings: Settings) -> str:
    policy = settings.retention.policy()
    kinds = {
        "environments, downloads and clones": policy.cache,
        "logs of runs": policy.logs,
        "rehearsals": policy.rehearsals,
        "bodies of deliveries and steps of ended runs": policy.records,
    }
    told = [f"{kind} {_words(bound)}" for kind, bound in kinds.items() if bound != Bound()]
    if not told:
        return "nothing is removed, because every bound is 0"
    return f"{'; '.join(told)}; {_last(settings.state_dir)}"


def _words(bound: Bound) -> str:
    parts = []
    if bound.age is not None:
        parts.append(f"after {bound.age.total_seconds() / 86_400:g} days")
    if bound.bytes is not None:
        parts.append(f"beyond {size(bound.bytes)}")
    return " or ".join(parts)


def _last(state: Path) -> str:
    try:
        last = json.loads((state / LAST).read_text())
        return f"last looked at {last['at'][:16]}Z, {last['things']} removed ({size(last['bytes'])})"
    except (OSError, ValueError, KeyError, TypeError):
        return "nothing was removed yet, `reprise serve` does it"
