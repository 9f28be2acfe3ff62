"""Who gets to the supervised MLflow server: a secret for each start of it, and the gate that asks for it.

A secret of each start, because whoever takes the server's port while it is gone is shown the old one.
Called by `server`.
"""

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from reprise import log
from reprise.adapters.mlflow import gate

FOLDER = "gate"
"""In the server's folder, and relative to it the ``PYTHONPATH`` of the server."""
TICKET_SECONDS = 60
_BYTES = 32
_MODULE = "reprise_gate"


@dataclass(frozen=True, slots=True)
class Access:
    """One start of the server and what opens it."""

    uri: str
    secret: str = field(repr=False)

    @property
    def with_secret(self) -> str:
        """For MLflow's client."""
        parts = urlsplit(self.uri)
        return urlunsplit(parts._replace(netloc=f"reprise:{self.secret}@{parts.netloc}"))

    def sign_in_address(self, base: str | None = None, now: Callable[[], float] = time.time) -> str:
        """Opens the pages in one browser, once and within a minute. ``base``: another name of the server."""
        ticket = gate.ticket(self.secret, secrets.token_hex(8), int(now()) + TICKET_SECONDS)
        return f"{(base or self.uri).rstrip('/')}{gate.SIGN_IN}?ticket={ticket}"


def draw_secret(folder: Path) -> str:
    """A fresh one, kept for this user only. Raises OSError."""
    secret = secrets.token_urlsafe(_BYTES)
    log.hide(secret)
    new = folder / f"{gate.TOKEN}.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{secret}\n")
    new.replace(folder / gate.TOKEN)
    return secret


def kept_secret(folder: Path) -> str | None:
    """That of the server that an earlier controller started."""
    try:
        secret = (folder / gate.TOKEN).read_text().strip()
    except FileNotFoundError:
        return None
    log.hide(secret)
    return secret or None


def forget_secret(folder: Path) -> None:
    (folder / gate.TOKEN).unlink(missing_ok=True)


def tell_pages(folder: Path, url: str | None) -> None:
    """Where people who are not signed in yet are sent to."""
    (folder / gate.PAGES).write_text(f"{url or ''}\n")


def everybody_reads(public_url: str | None) -> bool:
    """An address that is not of this machine: the operator means others to open it."""
    host = urlsplit(public_url or "").hostname
    if host is None or host == "localhost":
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True


def app_name(*, everybody_reads: bool) -> str:
    """Names the gate and its very text: a server with another gate is not adopted."""
    digest = hashlib.sha256(Path(gate.__file__).read_bytes()).hexdigest()[:12]
    return f"reprise-{'public' if everybody_reads else 'private'}-{digest}"


def install_gate(folder: Path) -> None:
    """As a plugin of MLflow's: it finds its applications by the entry points of installed packages."""
    place = folder / FOLDER
    shutil.rmtree(place, ignore_errors=True)
    about = place / f"{_MODULE}-1.dist-info"
    about.mkdir(parents=True)
    shutil.copyfile(gate.__file__, place / f"{_MODULE}.py")
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {_MODULE}\nVersion: 1\n")
    factories = {False: gate.signed_in_only, True: gate.for_everybody}
    lines = [
        f"{app_name(everybody_reads=everybody)} = {_MODULE}:{factory.__name__}"
        for everybody, factory in factories.items()
    ]
    (about / "entry_points.txt").write_text("\n".join(("[mlflow.app]", *lines, "")))
