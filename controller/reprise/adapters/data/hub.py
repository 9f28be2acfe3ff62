"""Files of Hugging Face, at a commit: a branch is resolved to its commit before anything is fetched."""

import re
from urllib.parse import quote

from reprise.adapters.data.asked import Asked
from reprise.adapters.data.trouble import missing
from reprise.adapters.data.wanted import Wanted
from reprise.adapters.data.web import Web
from reprise.domain.data.sources import COMMIT, Hub

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PREFIX = {"models": "", "datasets": "datasets/", "spaces": "spaces/"}


def resolve(web: Web, asked: Asked, source: Hub) -> Wanted:
    """Raises NotFetched."""
    headers = web.head(_url(asked, source, source.revision), secret=asked.headers)
    commit = headers.get("X-Repo-Commit", source.revision if source.pinned else "")
    if not COMMIT.fullmatch(commit):
        raise missing(f"{asked.shown}: the hub does not say which commit {source.revision} is")
    if source.pinned and commit != source.revision:
        raise missing(f"{asked.shown}: the hub answers with commit {commit}, which is another one")
    tag = headers.get("X-Linked-Etag", "").strip('"')
    size = headers.get("X-Linked-Size", "")
    return Wanted(
        url=_url(asked, source, commit),
        source=asked.shown,
        sha256=asked.file.sha256 or (tag if _SHA256.fullmatch(tag) else None),
        size=int(size) if size.isdigit() and len(size) < 19 else None,
        revision=commit,
        pinned=source.pinned,
        secret=asked.headers,
        key=asked.shown if source.pinned else None,
    )


def _url(asked: Asked, source: Hub, revision: str) -> str:
    place = f"{_PREFIX[source.kind]}{source.name}/resolve/{quote(revision, safe='')}"
    return f"{asked.rules.hub}/{place}/{quote(source.path)}"
