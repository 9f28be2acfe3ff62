"""The few requests that put a kept image into a registry."""

import json
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

from tests.box.images import MANIFEST_TYPE, digest_of

TIMEOUT = 60


def push(registry: str, name: str, tag: str, image: Path) -> str:
    """Also under a tag. The image's reference by digest."""
    manifest = json.loads((image / "manifest.json").read_bytes())
    put_blob(registry, name, image / "layer.tar.gz", manifest["layers"][0]["digest"])
    put_blob(registry, name, image / "config.json", manifest["config"]["digest"])
    digest = digest_of(image / "manifest.json")
    for reference in (digest, tag):
        place = f"http://{registry}/v2/{name}/manifests/{reference}"
        put(place, (image / "manifest.json").read_bytes(), MANIFEST_TYPE)
    return f"{registry}/{name}@{digest}"


def put_blob(registry: str, name: str, path: Path, digest: str) -> None:
    start = f"http://{registry}/v2/{name}/blobs/uploads/"
    with urllib.request.urlopen(urllib.request.Request(start, method="POST"), timeout=TIMEOUT) as answer:
        place = urljoin(start, answer.headers["Location"])
    separator = "&" if "?" in place else "?"
    put(f"{place}{separator}digest={digest}", path.read_bytes(), "application/octet-stream")


def put(url: str, content: bytes, media_type: str) -> None:
    request = urllib.request.Request(url, data=content, method="PUT", headers={"Content-Type": media_type})
    with urllib.request.urlopen(request, timeout=TIMEOUT):
        pass
