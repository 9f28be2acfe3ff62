"""RX22 and RX23: data that is elsewhere and cannot be had from there, and data that git is no place for."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from posixpath import dirname, join, normpath

from reprise.domain.lint.model import Found
from reprise.domain.lint.reach import is_beside, jobs
from reprise.domain.lint.repo import Entry, Kind, Repo

LARGE = 10 * 2**20
"""Bytes of a file that git should not hold: each version stays in the history."""
_DVC_CONFIGS = (".dvc/config",)
_HERE = re.compile(r"[/~]|[A-Za-z]:[\\/]|\.\.?(?:/|$)|file:")
_POINTER = "version https://git-lfs.github.com/spec/v1"
_POINTER_SIZES = range(100, 400)
_OID = re.compile(r"^oid sha256:[0-9a-f]{64}$", re.MULTILINE)
_RESULTS = frozenset(
    {"result", "results", "output", "outputs", "checkpoints", "models", "runs", "mlruns", "logs"}
)
_BINARY = re.compile(
    r"\.(?:pkl|pickle|joblib|pt|pth|ckpt|safetensors|onnx|npy|npz|h5|hdf5|keras|pb|bin|zip|gz)"
)
_OUT = re.compile(
    r"^\s*(?:- )?(?P<key>md5|size|path|cache|hash|etag|repo|url):\s*(?P<value>\S+)?", re.MULTILINE
)


def rx22(repo: Repo) -> Iterator[Found]:
    yield from _dvc(repo)
    yield from _lfs(repo)


def rx23(repo: Repo) -> Iterator[Found]:
    for path, entry in repo.entries.items():
        if entry.kind is Kind.FILE and entry.size > LARGE:
            message = (
                f"the file has {entry.size / 2**20:.0f} MiB, and each version of it stays in the history"
            )
            fix = "keep it in an archive with a DOI or in DVC, or commit what the job reads of it"
            yield Found(path, 1, message, fix)
        elif _is_rewritten(repo, path):
            message = "a binary result is committed again and again, and no two versions can be compared"
            yield Found(path, 1, message, "remove it, and declare it under `artifacts` with its sha256")


def _is_rewritten(repo: Repo, path: str) -> bool:
    *folders, name = path.split("/")
    if not _BINARY.search(name) or _RESULTS.isdisjoint(folders) or is_beside(path):
        return False
    before = repo.before(path)
    return before is not None and before != repo.load(path)


def _dvc(repo: Repo) -> Iterator[Found]:
    files = [path for path in repo.named("*.dvc", "dvc.lock") if not is_beside(path)]
    if not files:
        return
    remotes = _remotes(repo)
    fix = "add a remote that everybody can read: `dvc remote add -d NAME https://…`"
    reachable = [address for _, address in remotes if not _HERE.match(address)]
    for line, address in remotes:
        if not reachable and _HERE.match(address):
            message = f"the DVC remote {address} is a folder of one machine"
            yield Found(_DVC_CONFIGS[0], line, message, fix)
    for path in files:
        if not remotes and path.endswith(".dvc") and _needs_remote(repo, path):
            yield Found(path, 1, "DVC has no remote where this file could come from", fix)
        yield from _changed(repo, path)


def _remotes(repo: Repo) -> list[tuple[int, str]]:
    """Line and address."""
    found: list[tuple[int, str]] = []
    for path in _DVC_CONFIGS:
        for number, line in enumerate(repo.lines(path), start=1):
            key, _, value = line.partition("=")
            if key.strip() == "url" and value.strip():
                found.append((number, value.strip().strip("\"'")))
    return found


def _needs_remote(repo: Repo, path: str) -> bool:
    """Not what is imported from elsewhere, stays out of the cache, or lies beside in git."""
    said = dict(_OUT.findall(repo.text(path) or ""))
    out = normpath(join(dirname(path), said.get("path") or path.removesuffix(".dvc").rpartition("/")[2]))
    beside = out in repo.entries or any(each.startswith(f"{out}/") for each in repo.entries)
    imported = {"repo", "url"} & set(said) or "://" in (repo.text(path) or "")
    return "md5" in said and not (imported or beside or said.get("cache") == "false")


def _changed(repo: Repo, path: str) -> Iterator[Found]:
    """A file that is tracked by both, with a digest that is not the one that DVC wrote down."""
    said = dict(_OUT.findall(repo.text(path) or ""))
    digest, name = said.get("md5", ""), said.get("path")
    if not path.endswith(".dvc") or not name or not re.fullmatch(r"[0-9a-f]{32}", digest):
        return
    out = normpath(join(dirname(path), name))
    data = repo.load(out) if out in repo.entries else None
    if data is not None and digest not in (_md5(data), _md5(data.replace(b"\r\n", b"\n"))):
        message = f"{out} is not the file with the md5 that stands here"
        yield Found(path, 1, message, f"run `dvc add {out}`, or restore the file with `dvc checkout`")


def _md5(data: bytes) -> str:
    """DVC before version 3 counted the ends of lines of a text as one character."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _lfs(repo: Repo) -> Iterator[Found]:
    """A trial's tree is laid out without LFS: the content comes only where `data` names the file."""
    patterns = _lfs_patterns(repo)
    needed = _needed(repo) if patterns else frozenset[str]()
    declared = {data.path for each in repo.experiments for data in each.spec.data}
    for path, entry in repo.entries.items():
        if not patterns or not _may_point(entry) or not _is_matched(path, patterns):
            continue
        text = repo.text(path) or ""
        if not text.startswith(_POINTER):
            continue
        if not _OID.search(text):
            yield Found(
                path, 1, "the Git LFS pointer names no object", "commit the file again with `git lfs`"
            )
        elif path not in declared and any(f"/{path}".endswith(f"/{each}") for each in needed):
            message = "the job finds the Git LFS pointer in place of its content"
            yield Found(path, 1, message, f'declare it: `data: [{{path: {path}, source: "lfs:"}}]`')


def _needed(repo: Repo) -> frozenset[str]:
    """Names of files in what the jobs say."""
    said = {text.value for job in jobs(repo) for file in job.files for text in file.texts}
    return frozenset(normpath(each) for each in said if re.fullmatch(r"[\w./ -]*\w\.\w{1,8}", each))


def _may_point(entry: Entry) -> bool:
    return entry.kind is Kind.FILE and entry.size in _POINTER_SIZES


def _lfs_patterns(repo: Repo) -> tuple[str, ...]:
    rows = [line.split() for line in repo.lines(".gitattributes")]
    return tuple(row[0] for row in rows if "filter=lfs" in row[1:])


def _is_matched(path: str, patterns: Sequence[str]) -> bool:
    for pattern in patterns:
        name = path if "/" in pattern.strip("/") else path.rpartition("/")[2]
        if fnmatchcase(name, pattern.lstrip("/").replace("**/", "*")):
            return True
    return False
