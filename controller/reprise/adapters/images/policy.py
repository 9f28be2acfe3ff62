"""What BuildKit may take: images of the digests that were looked up, and no others. Called by builder.py.

A source policy is enforced by the daemon, so that a base which reading the Dockerfile did not show (one in an
ONBUILD of another image, say) ends the build instead of slipping in.

Every selector is a regular expression, never the default wildcard: before 0.27 the daemon remembers what one
matched in a map without a lock, and a build with two sources now and then ends it ("concurrent map writes").
"""

import json
import re
from collections.abc import Iterator, Mapping

from reprise.domain.images.references import Reference

_ANY = {"identifier": "^docker-image://", "match_type": "REGEX"}
"""With the key as the daemon's JSON has it; another spelling is ignored, and would deny nothing."""


def policy(digests: Mapping[Reference, str]) -> str:
    """JSON for ``--source-policy-file``."""
    pinned = {reference: _pinned(reference, digest) for reference, digest in digests.items()}
    rules = [
        *(_convert(name, target) for reference, target in pinned.items() for name in _names(reference)),
        {"action": "DENY", "selector": _ANY},
        *(
            {"action": "ALLOW", "selector": _exactly(name)}
            for reference, target in pinned.items()
            for name in (target, f"{reference.full.partition('@')[0]}@{target.partition('@')[2]}")
        ),
    ]
    return json.dumps({"version": 1, "rules": rules}, indent=1)


def _convert(name: str, target: str) -> dict[str, object]:
    return {
        "action": "CONVERT",
        "selector": _exactly(name),
        "updates": {"identifier": f"docker-image://{target}"},
    }


def _exactly(name: str) -> dict[str, str]:
    """Not the match type EXACT: a conversion by that one gives back the name itself."""
    return {"identifier": f"^docker-image://{re.escape(name)}$", "match_type": "REGEX"}


def _names(reference: Reference) -> Iterator[str]:
    """How BuildKit may call it; what has its digest already is not converted again for ever."""
    if reference.digest is None:
        yield reference.full


def _pinned(reference: Reference, digest: str) -> str:
    return f"{reference.repository}@{digest}"
