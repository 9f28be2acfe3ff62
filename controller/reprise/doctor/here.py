"""Whether this machine has what a controller needs, and whether one runs here."""

import errno
import json
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from reprise import space
from reprise.adapters.process.isolation import Isolation
from reprise.adapters.process.policy import isolation_for
from reprise.bootstrap import keys_of, uv_binary
from reprise.doctor.finding import Finding
from reprise.domain.errors import Refused, UserError
from reprise.domain.spec.model import Network
from reprise.domain.words import size
from reprise.settings import Settings
from reprise.sign_in import FILE, url_of
from reprise.store.database import Database

OLDEST_GIT = (2, 30)
_SECONDS = 15.0
"""For one program, or one answer of MLflow."""


def examine_here(settings: Settings) -> Iterator[Finding]:
    yield _writable("state folder", settings.state_dir, "set REPRISE_STATE_DIR to a folder of yours")
    yield _writable("cache folder", settings.cache, "set REPRISE_CACHE_DIR to a folder of yours")
    yield from _space(settings)
    yield _schema(settings)
    yield from _uv_and_python()
    yield _git()
    yield isolation_finding(isolation_for(settings, rehearsal=False))
    yield _evidence(settings)
    yield _tracking(settings.tracking.uri)
    yield _controller(settings)


def _writable(name: str, folder: Path, next_step: str) -> Finding:
    """A folder that is still to be made is as good as its nearest existing parent."""
    here = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=here) as file:
            file.write(b"\0" * 4096)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        step = "free some space on its disk; what waits for it then goes on by itself" if full else next_step
        return Finding(name, False, f"{folder} cannot be written ({error.strerror})", step)
    free = f"{size(shutil.disk_usage(here).free)} free"
    return Finding(name, True, f"{folder}, {free}" if here == folder else f"{folder} will be made, {free}")


def _space(settings: Settings) -> Iterator[Finding]:
    found = space.measure(settings)
    yield Finding("space", True, found.said, sizes=found.sizes)
    yield Finding("retention", True, space.bounds_in_words(settings))


def _schema(settings: Settings) -> Finding:
    name = "database"
    if settings.database_url is None and not (settings.state_dir / "reprise.db").exists():
        return Finding(name, True, "will be made at the first start")
    store = Database(settings.database)
    try:
        current, newest, known = store.schema()
    except UserError as error:
        said, _, step = str(error).rpartition(": ")
        return Finding(name, False, said, step)
    finally:
        store.close()
    if not known:
        said = f"schema {current} is of a newer version of Reprise"
        return Finding(name, False, said, "install that version again, or restore an older backup")
    if current == newest:
        return Finding(name, True, f"schema {current}")
    return Finding(name, True, f"schema {current or 'none'} will become {newest} at the next start")


def _evidence(settings: Settings) -> Finding:
    """That it is not signed is no problem of this machine, but strangers then have only its word."""
    keys = keys_of(settings)
    try:
        signed = keys.read() is not None
    except Refused as error:
        said, _, step = str(error).partition(": ")
        return Finding("evidence", False, said, step or "correct its permissions")
    if not signed:
        step = "`reprise doctor --init-keys` makes a key"
        return Finding("evidence", True, "is not signed, because there is no key", step)
    if stat.S_IMODE(keys.private.stat().st_mode) & 0o077:
        return Finding("evidence", False, f"others may read {keys.private}", f"chmod 600 {keys.private}")
    return Finding("evidence", True, f"is signed with {keys.private}")


def _uv_and_python() -> Iterator[Finding]:
    try:
        uv = str(uv_binary())
    except UserError as error:
        yield Finding("uv", False, str(error), "then try again")
        return
    version = _output(uv, "--version")
    yield _told("uv", version, f"{uv} does not start: install the package `uv` again")
    listed = _output(uv, "python", "list", "--only-installed", "--output-format", "json")
    found = _interpreters(listed) if listed is not None else ()
    none = "no Python was found: install one, such as python3"
    yield _told("python", ", ".join(found) or None, none)


def _interpreters(listed: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(entry["version"] for entry in json.loads(listed)))
    except (ValueError, KeyError, TypeError):
        return ()


def _git() -> Finding:
    said = _output("git", "--version")
    found = git_version(said or "")
    wanted = ".".join(map(str, OLDEST_GIT))
    if found is None:
        return Finding("git", False, "git does not start", f"install git {wanted} or newer")
    version = ".".join(map(str, found))
    if found[:2] < OLDEST_GIT:
        return Finding("git", False, f"git {version} is too old", f"install git {wanted} or newer")
    return Finding("git", True, version)


def git_version(said: str) -> tuple[int, ...] | None:
    """Of ``git version 2.39.5 (Apple Git-154)``."""
    match = re.search(r"\b(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", said)
    return tuple(int(part) for part in match.groups() if part is not None) if match else None


def isolation_finding(found: Isolation) -> Finding:
    if found.refusal is not None:
        said, _, step = found.refusal.partition(": ")
        return Finding("isolation", False, said, step)
    fetched = Network.FETCH_ONLY
    network = found.network_words(fetched) + ("" if found.may_open_network else ", and no spec may open it")
    return Finding("isolation", True, f"jobs run with {found.words(0, fetched)}; network {network}")


def _tracking(uri: str | None) -> Finding:
    if uri is None:
        return Finding("mlflow", True, "`reprise serve` starts a server of its own")
    if not uri.startswith(("http://", "https://")):
        return Finding("mlflow", True, "a local store, opened at the first run")
    try:
        reply = httpx.get(f"{uri.rstrip('/')}/health", timeout=_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = f"the tracking server does not answer ({type(error).__name__})"
        return Finding("mlflow", False, said, "start it, or correct REPRISE_TRACKING__URI")
    if not reply.is_success:
        said = f"the tracking server answers {reply.status_code} at /health"
        return Finding("mlflow", False, said, "see that REPRISE_TRACKING__URI names an MLflow server")
    return Finding("mlflow", True, "the tracking server answers")


def _controller(settings: Settings) -> Finding:
    """Whether one runs here and is ready; that none does is no problem.

    No token is sent: whatever program may listen there by now would have it.
    """
    name = "controller"
    if settings.http.port == 0:
        return Finding(name, True, "not looked for: with http.port 0 only its log says where it is")
    url = url_of(settings.http.host, settings.http.port)
    try:
        reply = httpx.get(f"{url}/readyz", timeout=_SECONDS)
    except httpx.HTTPError:
        return Finding(name, True, f"none answers at {url}")
    said = f"{url} is {_in_one_line(reply.text[:500])}"
    if not reply.text.startswith(("ready", "not ready")):
        step = "set REPRISE_HTTP__PORT to a free one"
        return Finding(name, False, f"another program answers at {url} ({reply.status_code})", step)
    token = _token_words(settings)
    if reply.is_success:
        return Finding(name, True, f"{said}; its pages open with {token}")
    return Finding(name, False, said, f"GET /readyz with {token} says why")


def _in_one_line(text: str) -> str:
    parts = [line.strip(" -") for line in text.splitlines()]
    return "; ".join(part for part in parts if part).replace(":; ", ": ")


def _token_words(settings: Settings) -> str:
    if settings.http.operator_token is not None:
        return "the token in REPRISE_HTTP__OPERATOR_TOKEN"
    kept = settings.state_dir / FILE
    if kept.exists():
        return f"the token in {kept}"
    return "the operator token that it was started with (REPRISE_HTTP__OPERATOR_TOKEN is not set here)"


def _told(name: str, said: str | None, otherwise: str) -> Finding:
    problem, _, step = otherwise.partition(": ")
    return Finding(name, True, said) if said else Finding(name, False, problem, step)


def _output(*argv: str) -> str | None:
    """What a program prints; None when it does not start, fails or takes too long."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
