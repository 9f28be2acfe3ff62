"""GitHub's published webhook payloads and their schema, read from the packages as their authors packed them.

    npm pack @octokit/webhooks-examples@7.6.1 @octokit/webhooks-schemas@7.6.1

Both are MIT licensed by the Octokit contributors: the notice is in ``github/LICENSE``.
"""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.deliveries import Delivery

FOLDER = Path(__file__).parent / "github"
SETS = {"api.github.com": 329, "ghes-31": 49, "ghes-32": 49, "ghes-33": 50, "ghes-34": 124, "ghes-35": 125}
"""Folder of the package → how many payloads it holds."""


@dataclass(frozen=True)
class Example:
    name: str
    delivery: Delivery


def examples(folder: str) -> Iterator[Example]:
    for event in _packed("examples", f"{folder}/index.json"):
        for number, payload in enumerate(event["examples"]):
            yield Example(f"{folder} {event['name']} {number}", Delivery(event["name"], payload))


@cache
def schema() -> dict[str, Any]:
    """JSON Schema draft 7 with a definition per event and action."""
    found: dict[str, Any] = _packed("schemas", "schema.json")
    return found


def _packed(package: str, path: str) -> Any:
    with tarfile.open(FOLDER / f"octokit-webhooks-{package}-7.6.1.tgz") as packed:
        member = packed.extractfile(f"package/{path}")
        assert member is not None
        return json.load(member)
