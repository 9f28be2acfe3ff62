"""What stands in a commit in place of data: pointers of Git LFS, and what DVC writes down."""

import re
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from reprise.domain.spec import document
from reprise.domain.spec.problems import Problems

LFS_START = b"version https://git-lfs.github.com/spec/"
LFS_MOST_BYTES = 1024
"""A pointer is shorter than this, by its specification."""
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_SIZE = re.compile(rb"^size ([0-9]{1,18})$", re.MULTILINE)
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
_SIZE_TEXT = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Pointer:
    """Of Git LFS."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Out:
    """A file that DVC keeps elsewhere."""

    path: str
    """From the root of the repository."""
    md5: str
    """Ends in ``.dir`` for a folder."""
    size: int | None
    old: bool
    """Written before DVC 3, which changed the remote's layout and counts the ends of lines as they are."""

    @property
    def is_folder(self) -> bool:
        return self.md5.endswith(".dir")

    @property
    def key(self) -> str:
        """Below the remote's address."""
        name = f"{self.md5[:2]}/{self.md5[2:]}"
        return name if self.old else f"files/md5/{name}"


def read_pointer(data: bytes) -> Pointer | None:
    """None for anything that is no pointer to content."""
    if not data.startswith(LFS_START) or len(data) > LFS_MOST_BYTES:
        return None
    oid, size = _OID.search(data), _SIZE.search(data)
    return Pointer(oid[1].decode(), int(size[1])) if oid and size else None


def read_outs(data: bytes, file: str) -> tuple[Out, ...]:
    """Of a ``.dvc`` file or a ``dvc.lock``; what cannot be understood is left out."""
    root = document.read_document(data, Problems(file))
    if not isinstance(root, document.Mapping):
        return ()
    stages = _entry(root, "stages")
    if not isinstance(stages, document.Mapping):
        return _outs(root, file, base=dirname(file))
    return tuple(
        out
        for _, stage in stages.entries.values()
        if isinstance(stage, document.Mapping)
        for out in _outs(stage, file, base=dirname(file))
    )


def read_remote(config: str) -> str | None:
    """The address of the default remote in a ``.dvc/config``, else of the only one."""
    default = re.search(r"^\s*remote\s*=\s*(\S+)\s*$", config, re.MULTILINE)
    found = {
        name: url.strip().strip("\"'")
        for name, url in re.findall(
            r"^\s*\[\s*'?remote \"([^\"\n]+)\"'?\s*\][^\[]*?^\s*url\s*=\s*(\S+)", config, re.MULTILINE
        )
    }
    if default is not None:
        return found.get(default[1])
    return next(iter(found.values())) if len(found) == 1 else None


def _outs(node: document.Mapping, file: str, *, base: str) -> tuple[Out, ...]:
    outs = _entry(node, "outs")
    if not isinstance(outs, document.Sequence):
        return ()
    workdir = _text(node, "wdir") or "."
    made = (_out(each, join(base, workdir)) for each in outs.items if isinstance(each, document.Mapping))
    return tuple(out for out in made if out is not None)


def _out(node: document.Mapping, base: str) -> Out | None:
    md5, path, size = _text(node, "md5"), _text(node, "path"), _text(node, "size")
    if md5 is None or path is None or not _MD5.fullmatch(md5):
        return None
    bytes_ = int(size) if size is not None and _SIZE_TEXT.fullmatch(size) else None
    return Out(normpath(join(base, path)), md5, bytes_, old=_text(node, "hash") != "md5")


def _entry(node: document.Mapping, key: str) -> document.Node | None:
    return node.entries[key][1] if key in node.entries else None


def _text(node: document.Mapping, key: str) -> str | None:
    found = _entry(node, key)
    return found.text if isinstance(found, document.Scalar) else None
