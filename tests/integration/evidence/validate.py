"""Runs in the validator's own environment: crates in, what it complains about as JSON out. Without a network.

The validator looks every context up through a cache; this puts the one that crates name into it first.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

import requests
from requests_cache import CachedSession
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.services import validate
from urllib3 import HTTPResponse

URL = "https://w3id.org/ro/crate/1.1/context"
PROFILE = "process-run-crate-0.5"


class FromFile(requests.adapters.BaseAdapter):
    """Answers every request with one file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._body = file.read_bytes()

    def send(self, request: Any, *_: Any, **__: Any) -> Any:
        raw = HTTPResponse(
            body=io.BytesIO(self._body),
            status=200,
            preload_content=False,
            request_method="GET",
            request_url=request.url,
            headers={"Content-Type": "application/ld+json"},
        )
        return requests.adapters.HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """There is nothing to close."""


def seed(cache: Path, context: Path) -> None:
    session = CachedSession(
        cache_name=str(cache), backend="sqlite", expire_after=-1, allowable_codes=(200, 302, 404)
    )
    session.mount("https://", FromFile(context))
    session.get(URL, headers={"Accept": "application/ld+json, application/json, */*;q=0.1"})
    session.close()


def issues_of(crate: str, cache: Path) -> list[dict[str, str]]:
    settings = ValidationSettings(
        rocrate_uri=crate,
        profile_identifier=PROFILE,
        requirement_severity=Severity.RECOMMENDED,
        offline=True,
        cache_path=str(cache),
    )
    result = validate(settings)
    found = [_told(issue) for issue in result.get_issues(Severity.OPTIONAL)]
    skipped = [
        {"severity": "SKIPPED", "check": str(check), "message": "", "entity": ""}
        for check in result.skipped_checks
    ]
    return found + skipped


def _told(issue: Any) -> dict[str, str]:
    return {
        "severity": issue.severity.name,
        "check": issue.check.identifier,
        "message": str(issue.message),
        "entity": str(issue.violatingEntity or ""),
    }


if __name__ == "__main__":
    where, document, *crates = sys.argv[1:]
    seed(Path(where), Path(document))
    json.dump({crate: issues_of(crate, Path(where)) for crate in crates}, sys.stdout)
