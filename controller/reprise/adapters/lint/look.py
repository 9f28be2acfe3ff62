"""``python -m reprise.adapters.lint.look`` reads a `LintRequest` as JSON and prints what is found as JSON.

A process of its own, because the text is a stranger's: a pattern that takes forever or a file that exhausts
the parser ends this process, and the controller goes on.
"""

import json
import resource
import sys
from dataclasses import asdict
from enum import Enum
from pathlib import Path

from reprise.adapters.lint.tree import repo_of
from reprise.domain.lint.noticed import noticed
from reprise.domain.lint.request import LintRequest
from reprise.domain.lint.rules import lint

CPU_SECONDS = 60
MEMORY_BYTES = 4 * 2**30


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked = json.load(sys.stdin)
    request = LintRequest(**asked | {"tree": Path(asked["tree"]), "submodules": tuple(asked["submodules"])})
    found = noticed(lint(repo_of(request)))
    json.dump(asdict(found), sys.stdout, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} is no plain data")


if __name__ == "__main__":
    main()
