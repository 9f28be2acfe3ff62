"""Where a submodule is fetched from, and what is sent there. Pure; called by submodules.py.

The address stands in a stranger's ``.gitmodules``, so it is held to less than the repository's own:
https to a public host name, or to the site of the repository itself, and our token only for the same
owner. Otherwise whoever may push to one repository could read, through us, what others keep private.
"""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from reprise.domain.errors import Refused
from reprise.domain.loopback import is_loopback

_PUBLIC_NAME = re.compile(r"([a-z0-9-]+\.)+[a-z][a-z0-9-]*", re.IGNORECASE)
"""A number in the last place would be an address in disguise."""
_SSH = re.compile(r"(?:ssh://)?(?:[\w.-]+@)?(?P<host>[\w.-]+)[:/](?P<path>(?!//)[\w./~-]+)")
_CLEAN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Address:
    url: str
    credentials: bool
    """Whether our token, if there is one for this site, is sent."""
    protocols: str
    """What git may speak, also after a redirect: a colon list."""

    @property
    def key(self) -> str:
        """Names the cache. What was read with our token is not found by those who may not use it."""
        return hashlib.sha256(f"{self.credentials}|{self.url}".encode()).hexdigest()[:32]


def locate(written: str, *, holder: str, top: str) -> Address:
    """The address that ``.gitmodules`` means.

    ``holder`` is the clone address of the repository that holds it, which relative ones start from;
    ``top`` is that of the commit's own repository. Raises Refused with the rest of a sentence.
    """
    url = _joined(holder, written) if written.startswith(("./", "../")) else written
    parts = _split(url)
    home = urlsplit(top)
    at_home = home.hostname is not None and (parts.scheme, parts.netloc) == (home.scheme, home.netloc)
    if not (
        parts.scheme == "https" or (at_home and parts.scheme == "http" and is_loopback(home.hostname or ""))
    ):
        raise Refused(_other_scheme(url))
    if not at_home and not _PUBLIC_NAME.fullmatch(parts.hostname or ""):
        raise Refused(
            "its address names no public host; use one that everybody can reach, or commit its files"
        )
    return Address(
        url=url,
        credentials=at_home and _owner(parts) == _owner(home),
        protocols="https" if parts.scheme == "https" else "http:https",
    )


def _split(url: str) -> SplitResult:
    """Only what means the same to us, to git and to curl: they would tidy up the rest in their own ways."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Refused(_other_scheme(url)) from None
    if parts.username is not None or parts.password is not None:
        if parts.scheme == "ssh":
            raise Refused(_other_scheme(url))
        raise Refused("its address carries credentials; remove them from .gitmodules")
    steps = parts.path.casefold().replace("%2e", ".").split("/")
    odd = "\\" in url or "?" in url or "#" in url or "%2f" in url.casefold() or not _CLEAN.fullmatch(url)
    if odd or "." in steps or ".." in steps:
        raise Refused("its address cannot be used; write it like https://host/owner/name.git in .gitmodules")
    return parts


def _joined(holder: str, relative: str) -> str:
    """As git does: each ``../`` takes a folder off the holder's own address."""
    base = urlsplit(holder)
    if base.scheme not in ("http", "https"):
        raise Refused(
            "its address is relative, and a folder of this machine has none to start from; "
            "write it like https://host/owner/name.git in .gitmodules"
        )
    path = base.path.rstrip("/")
    while relative.startswith(("./", "../")):
        climbs = relative.startswith("../")
        relative = relative[3:] if climbs else relative[2:]
        if climbs and not path.strip("/"):
            raise Refused("its relative address climbs above its host; correct it in .gitmodules")
        path = path.rpartition("/")[0] if climbs else path
    return f"{base.scheme}://{base.netloc}{path}/{relative}"


def _other_scheme(url: str) -> str:
    ssh = _SSH.fullmatch(url)
    if ssh is not None and "://" not in url.removeprefix("ssh://"):
        return f"its address needs ssh keys; write https://{ssh['host']}/{ssh['path']} in .gitmodules"
    return "its address is not an https one; write it like https://host/owner/name.git in .gitmodules"


def _owner(parts: SplitResult) -> str:
    return parts.path.lstrip("/").partition("/")[0].lower()
