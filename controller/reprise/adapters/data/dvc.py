"""Files that DVC keeps on a remote that speaks HTTP or S3, found without DVC by the md5 that is committed.

DVC itself is not started: its configuration may name programs, and here it would be a stranger's.
"""

from urllib.parse import urlsplit

from reprise.adapters.data import s3
from reprise.adapters.data.asked import Asked
from reprise.adapters.data.trouble import missing
from reprise.adapters.data.wanted import Wanted
from reprise.domain.data.pointers import Out, read_outs, read_remote
from reprise.domain.data.sources import Bucket, Tracked

CONFIG = ".dvc/config"
_MOST_BYTES = 256 * 1024


def resolve(asked: Asked, source: Tracked) -> Wanted:
    """Raises NotFetched."""
    out = _out(asked, source)
    remote = read_remote((asked.read(CONFIG, _MOST_BYTES) or b"").decode(errors="replace"))
    if remote is None:
        raise missing(f"{asked.shown}: {CONFIG} names no default remote: `dvc remote add -d NAME https://…`")
    url = _url(asked, remote.rstrip("/"), out)
    return Wanted(
        url=url,
        source=asked.shown,
        sha256=asked.file.sha256,
        md5=out.md5,
        size=out.size,
        revision=f"md5:{out.md5}",
        pinned=True,
        secret=asked.headers if remote.startswith("http") else {},
        key=f"{asked.shown} {remote} {out.md5}",
    )


def _out(asked: Asked, source: Tracked) -> Out:
    data = asked.read(source.file, _MOST_BYTES)
    if data is None:
        raise missing(f"{asked.shown}: `{source.file}` is not in this commit: commit it")
    out = next((each for each in read_outs(data, source.file) if each.path == asked.file.path), None)
    if out is None:
        raise missing(f"{asked.shown}: `{source.file}` tells of no md5 for `{asked.file.path}`")
    if out.is_folder:
        raise missing(
            f"{asked.shown}: `{out.path}` is a folder, which is not fetched: track its files one by one"
        )
    return out


def _url(asked: Asked, remote: str, out: Out) -> str:
    parts = urlsplit(remote)
    match parts.scheme:
        case "http" | "https":
            return f"{remote}/{out.key}"
        case "s3":
            key = f"{parts.path.strip('/')}/{out.key}".lstrip("/")
            return s3.address(asked, Bucket(parts.netloc, key))
        case _:
            raise missing(
                f"{asked.shown}: the remote {parts.scheme or 'folder'} cannot be reached from here: "
                "use one with https or s3, or give the address of the file as `source`"
            )
