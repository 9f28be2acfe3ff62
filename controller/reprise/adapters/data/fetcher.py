"""The Fetcher port: from declarations to files in the cache. Called by the engine while a run is built."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from reprise.adapters.data import croissant, dvc, hub, lfs, s3, zenodo
from reprise.adapters.data.asked import Asked
from reprise.adapters.data.committed import Outside, look, read
from reprise.adapters.data.copying import copy_checked
from reprise.adapters.data.download import Taken, download
from reprise.adapters.data.errand import Errand
from reprise.adapters.data.guard import Resolve, resolve
from reprise.adapters.data.rules import Lent, Rules, Secret
from reprise.adapters.data.shelf import Known, Shelf
from reprise.adapters.data.trouble import NotFetched, missing, refused
from reprise.adapters.data.wanted import Wanted
from reprise.adapters.data.web import Web
from reprise.closing import Closing
from reprise.domain.data.sources import Address, Bucket, Description, Hub, Object, Record, Tracked
from reprise.domain.errors import Retryable
from reprise.domain.fetched import FetchedFile
from reprise.domain.spec.model import Network
from reprise.domain.words import size
from reprise.masking import mask
from reprise.ports import Failed
from reprise.ports.fetching import FetchRequest

FORBIDDEN = (
    "`environment.network: none` forbids fetching data, and `{}` is not in this commit: "
    "commit it, or use fetch-only"
)


class DataFetcher:
    """Safe for several threads and several controllers on one cache."""

    def __init__(
        self,
        cache: Path,
        *,
        rules: Rules | None = None,
        lent: Lent | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        """``cache`` is the folder of all caches."""
        self._cache = cache
        self._rules = rules or Rules()
        self._lent = lent or Lent()
        self._resolve = resolve
        self._closing = Closing()

    def fetch(self, request: FetchRequest) -> tuple[FetchedFile, ...] | Failed:
        with self._closing.working():
            try:
                return self._fetch(request)
            except NotFetched as problem:
                _log(request, problem.failed.message)
                return problem.failed
            except OSError as error:
                raise Retryable(f"the data could not be kept: {error.strerror or error}", 10.0) from error

    def close(self) -> None:
        self._closing.close()

    def _fetch(self, request: FetchRequest) -> tuple[FetchedFile, ...]:
        found = (look(request.tree, file) for file in request.spec.data)
        outside = [each for each in found if each is not None]
        if not outside:
            return ()
        if request.spec.environment.network is Network.NONE:
            raise missing(FORBIDDEN.format(outside[0].file.path))
        errand = Errand(self._rules, request.stopping, self._closing.closed)
        with Web(errand, self._resolve) as web:
            return tuple(self._one(web, request, each) for each in outside)

    def _one(self, web: Web, request: FetchRequest, outside: Outside) -> FetchedFile:
        asked = self._asked(request, outside)
        lent = asked.secret is not None or asked.token is not None
        shelf = Shelf.of(self._cache, request.repository if lent else None)
        fetched = _Fetching(web, request, asked, shelf).get(self._shelves(shelf, lent=lent))
        web.errand.take(fetched.size)
        return fetched

    def _shelves(self, own: Shelf, *, lent: bool) -> tuple[Shelf, ...]:
        return (own, Shelf.of(self._cache, None)) if lent else (own,)

    def _asked(self, request: FetchRequest, outside: Outside) -> Asked:
        is_object = isinstance(outside.source, Object)
        token = self._lent.token_of(request.remote) if is_object and request.trusted else None
        return Asked(
            file=outside.file,
            source=outside.source,
            rules=self._rules,
            pointer=outside.pointer,
            secret=self._secret(request, outside),
            read=lambda path, limit: read(request.tree, path, limit),
            remote=request.remote,
            token=token,
        )

    def _secret(self, request: FetchRequest, outside: Outside) -> Secret | None:
        file = outside.file
        if file.auth is None:
            return None
        if not request.trusted:
            raise refused(
                f"data file `{file.path}` needs the secret {file.auth}, which is not lent to code that is "
                f"not of {request.repository} itself"
            )
        value = self._lent.secret_of(request.repository, file.auth)
        if value is None:
            raise refused(
                f"data file `{file.path}` needs the secret {file.auth}, and the operator has none of that "
                f"name for {request.repository}: ask for an entry in data.secrets of the settings"
            )
        return Secret(file.auth, value)


class _Fetching:
    """Of one file."""

    def __init__(self, web: Web, request: FetchRequest, asked: Asked, shelf: Shelf) -> None:
        self._web = web
        self._request = request
        self._asked = asked
        self._shelf = shelf

    def get(self, shelves: tuple[Shelf, ...]) -> FetchedFile:
        asked = self._asked
        sha256 = asked.file.sha256 or (asked.pointer.sha256 if asked.pointer is not None else None)
        here = self._cached(shelves, sha256)
        if here is not None:
            return here
        if asked.pointer is not None and (place := lfs.local(asked.remote, asked.pointer)) is not None:
            wanted = Wanted("", asked.shown, asked.pointer.sha256, revision=f"sha256:{sha256}", pinned=True)
            return self._arrived(wanted, lambda part: copy_checked(self._web.errand, wanted, place, part))
        if isinstance(asked.source, Hub) and asked.source.pinned:
            sooner = self._shelf.known(asked.shown)
            if sooner is not None and (here := self._cached(shelves, sooner.sha256)) is not None:
                return replace(here, pinned=True)
        wanted = self._wanted()
        known = self._shelf.known(wanted.key) if wanted.key is not None else None
        here = self._cached(shelves, wanted.sha256 or (known.sha256 if known else None), wanted)
        if here is not None:
            return here
        return self._arrived(wanted, lambda part: download(self._web, wanted, part))

    def _cached(
        self, shelves: tuple[Shelf, ...], sha256: str | None, wanted: Wanted | None = None
    ) -> FetchedFile | None:
        """Without asking anybody, when the digest is known."""
        for shelf in shelves if sha256 is not None else ():
            place = shelf.find(sha256 or "", self._request.tree)
            if place is not None:
                known = shelf.known(self._asked.shown)
                gave = known if known is not None and known.sha256 == sha256 else None
                revision = gave.revision if gave is not None else None
                _log(self._request, f"{self._asked.file.path}: from the cache, sha256 {sha256}")
                return self._fetched(
                    place,
                    sha256 or "",
                    revision=wanted.revision or revision if wanted is not None else revision,
                    pinned=wanted.pinned if wanted is not None else self._asked.pointer is not None,
                    cached=gave is None or gave.asked_for != str(self._request.tree),
                )
        return None

    def _arrived(self, wanted: Wanted, bring: Callable[[Path], Taken]) -> FetchedFile:
        """Once, however many runs ask for it at a time."""
        key = wanted.sha256 or wanted.key or f"{wanted.source} {self._asked.file.path}"
        with self._shelf.alone(key, lambda: _look(self._web.errand)):
            if wanted.sha256 is not None:
                here = self._cached((self._shelf,), wanted.sha256, wanted)
                if here is not None:
                    return here
            begun = time.monotonic()
            _log(self._request, f"{self._asked.file.path}: fetching from {self._asked.shown}")
            part = self._shelf.part(key)
            taken = bring(part)
            revision = wanted.revision or taken.tag
            for each in filter(None, (wanted.key, self._asked.shown)):
                self._shelf.know(each, Known(taken.sha256, revision, str(self._request.tree)))
            place = self._shelf.put(part, taken.sha256, self._request.tree)
        took = f"{size(taken.size)} in {time.monotonic() - begun:.1f} s"
        _log(self._request, f"{self._asked.file.path}: {took}, sha256 {taken.sha256}")
        return self._fetched(place, taken.sha256, revision=revision, pinned=wanted.pinned)

    def _wanted(self) -> Wanted:
        asked = self._asked
        match asked.source:
            case Address(url):
                digest = asked.file.sha256 or (asked.pointer.sha256 if asked.pointer is not None else None)
                pinned = asked.pointer is not None
                return Wanted(url, asked.shown, digest, pinned=pinned, secret=asked.headers)
            case Object():
                if asked.pointer is None:
                    raise missing(f"data file `{asked.file.path}` is no Git LFS pointer in this commit")
                return lfs.resolve(self._web, asked, asked.pointer)
            case Hub() as source:
                return hub.resolve(self._web, asked, source)
            case Record() as source:
                return zenodo.resolve(self._web, asked, source)
            case Bucket() as source:
                return s3.resolve(asked, source)
            case Description() as source:
                return croissant.resolve(self._web, asked, source)
            case Tracked() as source:
                return dvc.resolve(asked, source)
            case never:
                assert_never(never)

    def _fetched(
        self, place: Path, sha256: str, *, revision: str | None, pinned: bool, cached: bool = False
    ) -> FetchedFile:
        file = self._asked.file
        return FetchedFile(
            path=file.path,
            location=str(place),
            sha256=sha256,
            size=place.stat().st_size,
            source=mask(self._asked.shown),
            revision=revision,
            pinned=pinned or file.sha256 is not None,
            cached=cached,
        )


def _look(errand: Errand) -> None:
    errand.left()


def _log(request: FetchRequest, line: str) -> None:
    request.log.parent.mkdir(parents=True, exist_ok=True)
    with request.log.open("a", encoding="utf-8") as log:
        log.write(f"data: {mask(line)}\n")
