"""The names that what we make in a cloud has, and which of them say that it is ours.

A lease can carry nothing but its name, so that is matched closely: people begin names with ``reprise-`` too.
"""

import re

from reprise.domain.run import RunId

_NAME = re.compile(r"reprise-(?P<run>r[0-9a-f]{12})(-[2-9])?")
_TAG = re.compile(r"reprise:(?P<run>r[0-9a-f]{12})")


def name(run_id: RunId, attempt: int = 1) -> str:
    """Of a lease and of its server; what the second attempt makes has another one."""
    return f"reprise-{run_id}" if attempt == 1 else f"reprise-{run_id}-{attempt}"


def keypair(run_id: RunId) -> str:
    return f"reprise-{run_id}"


def tag(run_id: RunId) -> str:
    """Of a floating address."""
    return f"reprise:{run_id}"


def run_of(name: str) -> RunId | None:
    """The run that a lease, server or keypair of this name is for; None when it is not one of ours."""
    found = _NAME.fullmatch(name)
    return RunId(found["run"]) if found else None


def run_of_tags(tags: tuple[str, ...]) -> RunId | None:
    found = next(filter(None, map(_TAG.fullmatch, tags)), None)
    return RunId(found["run"]) if found else None


def is_of(run_id: RunId, name_: str) -> bool:
    """Whether a lease, server or keypair of this name is for this run."""
    return name_ == name(run_id) or name_ in {name(run_id, attempt) for attempt in range(2, 10)}
