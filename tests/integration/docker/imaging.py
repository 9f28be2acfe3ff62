"""Builders on the box, requests, and looks into what they made."""

import gzip
import io
import json
import os
import tarfile
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests import jobs, packages
from tests.integration.docker.box import Box

from reprise.adapters.images.builder import ImageBuilder
from reprise.domain.images.written import Bases
from reprise.domain.run import RunId
from reprise.domain.spec.model import EnvironmentRule, Network
from reprise.ports import BuildRequest, Built, Failed

COMMITTED = datetime(2025, 6, 1, 12, tzinfo=UTC)
UNDECLARED = EnvironmentRule(None, None, Network.FETCH_ONLY)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def system(box: Box, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """A machine with BuildKit and this machine's way to the package index."""
    found = {
        "PATH": f"{box.buildctl.parent}:{os.environ['PATH']}",
        "HOME": str(box.folder / "tmp"),
        **box.index.environment,
        **(more or {}),
    }
    return found if box.index.ca is None else {"SSL_CERT_FILE": str(box.index.ca), **found}


def builder(
    box: Box,
    cache: Path,
    *,
    name: str = "images",
    loads: bool = False,
    more: Mapping[str, str] | None = None,
    strangers: bool = False,
) -> ImageBuilder:
    return ImageBuilder(
        cache=cache,
        uv=packages.UV,
        buildkit=box.buildkit,
        registry=None if loads else f"{box.registry}/{name}",
        engine=Path(box.docker_host.removeprefix("unix://")),
        bases=Bases(python=box.base),
        python="3.11",
        strangers_on_host_network=strangers,
        system=system(box, more),
    )


def asked(
    tree: Path, rule: EnvironmentRule = UNDECLARED, *, trusted: bool = True, committed: datetime = COMMITTED
) -> BuildRequest:
    tree.mkdir(parents=True, exist_ok=True)
    log = tree.parent / "log" / "build.log"
    spec = replace(jobs.spec(), environment=rule)
    return BuildRequest(RunId("run-1"), tree, spec, log, committed_at=committed, trusted=trusted)


def built(result: Built | Failed) -> Built:
    assert isinstance(result, Built), result
    return result


def failed(result: Built | Failed) -> Failed:
    assert isinstance(result, Failed), result
    return result


def blob(box: Box, path: str, accept: str = MANIFEST) -> bytes:
    """``path``: below ``/v2/`` of the box's registry."""
    request = urllib.request.Request(f"http://{box.registry}/v2/{path}", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def everything_in(box: Box, name: str, digest: str) -> Iterator[bytes]:
    """Manifest, configuration and history, and every file of every layer with its path."""
    manifest = blob(box, f"{name}/manifests/{digest}")
    yield manifest
    described = json.loads(manifest)
    yield blob(box, f"{name}/blobs/{described['config']['digest']}")
    for layer in described["layers"]:
        with tarfile.open(
            fileobj=io.BytesIO(gzip.decompress(blob(box, f"{name}/blobs/{layer['digest']}")))
        ) as tar:
            for member in tar:
                yield member.name.encode()
                file = tar.extractfile(member) if member.isfile() else None
                yield file.read() if file is not None else b""
