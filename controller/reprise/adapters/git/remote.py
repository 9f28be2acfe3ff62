"""The two questions that we ask a remote: which tags, and this one commit. Called by source.py."""

import base64
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from reprise.adapters.git import commands, complaints
from reprise.closing import Closing
from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Repository, Sha

TokenFor = Callable[[str], str | None]
"""Clone address → token, None for a public repository."""

_CLOSED = "Reprise stops, so this conversation with the remote was ended"
_LISTING_SECONDS = 60.0
"""A remote that cannot name its tags by then keeps nobody else waiting."""
_LINE = re.compile(r"([0-9a-f]{40})\trefs/tags/([^\x00-\x1f\x7f\ud800-\udfff]+)")
"""Git allows no control characters in a name; one that is not UTF-8 could be shown and stored by nobody."""
_HEAD = re.compile(r"^([0-9a-f]{40})\tHEAD$", re.MULTILINE)
_HEAD_BYTES = 64 * 1024
"""Every ref whose last part is HEAD is listed too."""


@dataclass(frozen=True, slots=True)
class Remotes:
    system: Mapping[str, str]
    home: Path
    """An empty folder: no ``.netrc``, no configuration."""
    token_for: TokenFor
    protocols: str
    """What git may speak: a colon list."""
    timeout: float
    """Seconds for one conversation."""
    closing: Closing = field(default_factory=Closing)
    """Closed when nobody waits for answers any more: every conversation ends."""
    advice: complaints.Advice = complaints.OWN

    def tags(self, repository: Repository, *, most_bytes: int) -> dict[str, Sha]:
        """Raises Refused when the listing is longer than ``most_bytes``."""
        return parse_tags(self._listing(repository, "--tags", most_bytes=most_bytes))

    def head(self, repository: Repository) -> Sha | None:
        """What the default branch names; None in an empty repository."""
        found = _HEAD.search(self._listing(repository, wanted="HEAD", most_bytes=_HEAD_BYTES))
        return Sha(found[1]) if found else None

    def _listing(
        self, repository: Repository, *options: str, wanted: str | None = None, most_bytes: int
    ) -> str:
        try:
            with self.closing.working():
                outcome = commands.run_git(
                    *("ls-remote", *options, "--quiet", "--end-of-options"),
                    repository.clone_url,
                    *([wanted] if wanted is not None else []),
                    environment=self._environment(repository),
                    cwd=self.home,
                    timeout=min(self.timeout, _LISTING_SECONDS),
                    stop_when=self.closing.closed,
                    most_output=most_bytes,
                )
        except commands.TooMuch:
            raise Retryable(_CLOSED) from None
        if outcome.code != 0:
            raise self._explained(outcome.stderr, repository)
        return outcome.stdout.decode(errors="surrogateescape")

    def fetch(self, repository: Repository, sha: Sha, into: Path, *, most_bytes: int, held: int) -> None:
        """Exactly this commit, without its history. The caller holds the cache's lock, ``held``.

        Git holds it too, so that one that outlives a killed controller is waited for.

        Raises Refused when there is no such commit or it is larger than ``most_bytes``.
        """
        packs = into / "objects" / "pack"
        _sweep(packs)
        (into / "shallow.lock").unlink(
            missing_ok=True
        )  # of a git that was killed: it would stop every later one
        before = frozenset(packs.glob("*.pack"))
        too_large = _every(1.0, lambda: _incoming_bytes(packs) > most_bytes)
        try:
            with self.closing.working():
                outcome = commands.run_git(
                    *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head"),
                    *("--no-auto-maintenance", "--no-recurse-submodules", "--end-of-options"),
                    repository.clone_url,
                    f"+{sha}:refs/reprise/{sha}",
                    environment=self._environment(repository),
                    cwd=into,
                    timeout=self.timeout,
                    stop_when=lambda: self.closing.closed() or too_large(),
                    inherits=(held,),
                )
        except commands.TooMuch:
            if self.closing.closed():
                raise Retryable(_CLOSED) from None
            raise _too_large(repository, sha, most_bytes) from None
        finally:
            _sweep(packs)
        if outcome.code != 0:
            raise self._explained(outcome.stderr, repository, sha)
        new = frozenset(packs.glob("*.pack")) - before
        if sum(pack.stat().st_size for pack in new) > most_bytes:
            _drop(new, into / "refs" / "reprise" / sha)
            raise _too_large(repository, sha, most_bytes)

    def _explained(self, stderr: str, repository: Repository, sha: Sha | None = None) -> Refused | Retryable:
        return complaints.explain(stderr, repository=repository.full_name, sha=sha, advice=self.advice)

    def _environment(self, repository: Repository) -> dict[str, str]:
        address = urlsplit(repository.clone_url)
        if address.password or (address.scheme != "file" and address.username):
            raise Refused(f"the clone address of {repository.full_name} carries credentials; remove them")
        token = self.token_for(repository.clone_url) if address.scheme in ("http", "https") else None
        return commands.environment(
            self.system,
            self.home,
            config=_authorisation(repository.clone_url, token),
            protocols=self.protocols,
        )


def parse_tags(listing: str) -> dict[str, Sha]:
    """Tag → object that it peels to, from ``ls-remote --tags``; ``^{}`` lines are the peeled ones."""
    found = [match.groups() for line in listing.split("\n") if (match := _LINE.fullmatch(line))]
    named = {name: Sha(sha) for sha, name in found if not name.endswith("^{}")}
    peeled = {name.removesuffix("^{}"): Sha(sha) for sha, name in found if name.endswith("^{}")}
    return named | peeled


def _authorisation(clone_url: str, token: str | None) -> tuple[tuple[str, str], ...]:
    """A header for this address only; with it no redirect is followed, which could lead elsewhere."""
    if token is None:
        return ()
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return (
        (f"http.{clone_url}.extraHeader", f"Authorization: Basic {basic}"),
        ("http.followRedirects", "false"),
    )


def _every(seconds: float, check: Callable[[], bool]) -> Callable[[], bool]:
    """The same check, but not more often than this."""
    last = time.monotonic()

    def limited() -> bool:
        nonlocal last
        if time.monotonic() - last < seconds:
            return False
        last = time.monotonic()
        return check()

    return limited


def _incoming(packs: Path) -> list[Path]:
    return list(packs.glob("tmp_*"))


def _incoming_bytes(packs: Path) -> int:
    total = 0
    for path in _incoming(packs):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _too_large(repository: Repository, sha: Sha, most_bytes: int) -> Refused:
    shown = f"{most_bytes / 1024**3:.1f} GiB" if most_bytes >= 1024**3 else f"{most_bytes} bytes"
    return Refused(
        f"commit {sha[:12]} of {repository.full_name} is larger than {shown}; "
        "move large files to a data archive"
    )


def _drop(packs: Iterable[Path], ref: Path) -> None:
    """A commit that came faster than it was measured is forgotten again."""
    ref.unlink(missing_ok=True)
    for pack in packs:
        for part in pack.parent.glob(f"{pack.stem}.*"):
            part.unlink(missing_ok=True)


def pack_bytes(cache: Path) -> int:
    """What a cache takes on the disk."""
    return sum(path.stat().st_size for path in (cache / "objects" / "pack").glob("*.pack"))


def _sweep(packs: Path) -> None:
    """A killed fetch leaves its half pack behind; under the lock nobody else is writing one."""
    for path in _incoming(packs):
        path.unlink(missing_ok=True)
