"""What opens pages, API and metrics: the operator's token, or one that each start draws and keeps in a file.

Jobs run on this machine too, so to come from here is not enough. The file lies in the state folder,
which they cannot read; who may read it (the operator, `reprise doctor`, a demo) may read the pages.
"""

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

FILE = "http.token"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    token: str = field(repr=False)
    anywhere: bool
    """Opens them from other machines too: the operator's does, that of a start does not."""

    def ticket(self) -> str:
        """Signs one browser in, once: it may stand in an address, which browsers and logs remember."""
        number = secrets.token_hex(8)
        return f"{number}.{self._seal(number)}"

    def made(self, ticket: str) -> bool:
        number, _, seal = ticket.partition(".")
        return hmac.compare_digest(self._seal(number).encode(), seal.encode())

    def _seal(self, number: str) -> str:
        return hmac.new(self.token.encode(), f"ticket {number}".encode(), "sha256").hexdigest()[:32]


def key_of_start(state: Path) -> Key:
    """A fresh one, kept in the state folder for this user only. Call it once the folder is ours."""
    key = Key(secrets.token_urlsafe(_BYTES), anywhere=False)
    new = state / f"{FILE}.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{key.token}\n")
    new.replace(state / FILE)
    return key


def kept_key(state: Path) -> Key | None:
    """That of the controller that works there; None when there is none. Raises OSError when not readable."""
    try:
        return Key((state / FILE).read_text().strip(), anywhere=False)
    except FileNotFoundError:
        return None


def forget_key(state: Path) -> None:
    (state / FILE).unlink(missing_ok=True)


def url_of(host: str, port: int) -> str:
    """Where this machine reaches what listens there: an address that means all is none to open."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def sign_in_address(url: str, key: Key, *, to: str = "/") -> str:
    """Opening it in a browser signs in there and shows ``to``; the second time it signs nobody in."""
    return f"{url}/login?ticket={key.ticket()}" + ("" if to == "/" else f"&next={to}")
