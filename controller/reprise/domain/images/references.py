"""Names of images, as people write them and as registries want them. Pure."""

import re
from dataclasses import dataclass

from reprise.domain.loopback import is_loopback

DOCKER_HUB = "docker.io"
LONGEST = 500
"""Characters."""

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?"
_REFERENCE = re.compile(
    rf"(?:(?P<host>{_HOST})/)?(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Reference:
    host: str
    """``docker.io`` where none is named."""
    path: str
    """``library/python``"""
    tag: str | None
    digest: str | None

    @property
    def repository(self) -> str:
        return f"{self.host}/{self.path}"

    @property
    def full(self) -> str:
        """As BuildKit calls it; without tag and digest it means ``latest``."""
        tag = f":{self.tag}" if self.tag else "" if self.digest else ":latest"
        return f"{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def wanted(self) -> str:
        """What a registry is asked for."""
        return self.digest or self.tag or "latest"

    @property
    def api(self) -> str:
        """Where its registry answers. Loopback ones speak HTTP, all others HTTPS."""
        if self.host == DOCKER_HUB:
            return f"https://registry-1.{DOCKER_HUB}"
        name = self.host.rpartition(":")[0] if re.search(r":\d+$", self.host) else self.host
        return f"{'http' if is_loopback(name.strip('[]')) else 'https'}://{self.host}"


def parse(name: str) -> Reference | None:
    """None of what no registry can have."""
    if len(name) > LONGEST:
        return None
    host, slash, _ = name.partition("/")
    is_host = bool(slash) and ("." in host or ":" in host or host == "localhost" or host != host.lower())
    match = _REFERENCE.fullmatch(name if is_host else f"{DOCKER_HUB}/{name}")
    if match is None or match["host"] is None:
        return None
    path = match["path"]
    if match["host"] in (DOCKER_HUB, "index.docker.io"):
        path = path if "/" in path else f"library/{path}"
        return Reference(DOCKER_HUB, path, match["tag"], match["digest"])
    return Reference(match["host"], path, match["tag"], match["digest"])
