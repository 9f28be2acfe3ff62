"""RX20: data that a job fetches while it runs, or reads although nobody else has it."""

import re
from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath

from reprise.domain.lint.handed import UNKNOWN, handed
from reprise.domain.lint.model import Found
from reprise.domain.lint.notebooks import read_notebook, shell_lines, text_of
from reprise.domain.lint.python import Call, Python
from reprise.domain.lint.reach import OPENING, Job, jobs
from reprise.domain.lint.repo import Kind, Repo
from reprise.domain.lint.values import argument_of, short, value_of

_UNCHECKED = {
    "urllib.request.urlretrieve": "url",
    "urllib.urlretrieve": "url",
    "wget.download": "url",
    "gdown.download": "url",
    "gdown.download_folder": "url",
    "kagglehub.dataset_download": "handle",
    "torch.hub.download_url_to_file": "url",
    "nltk.download": "info_or_id",
}
"""Fetch something and look at no digest; what is fetched is the parameter of this name, the first."""
_CHECKED = {
    "pooch.retrieve": "known_hash",
    "keras.utils.get_file": "file_hash",
    "tensorflow.keras.utils.get_file": "file_hash",
    "torchvision.datasets.utils.download_url": "md5",
    "torchvision.datasets.utils.download_and_extract_archive": "md5",
}
"""Compare a digest when they are given this argument."""
_MODELS = ("torchvision.models.", "timm.create_model")
_READERS = re.compile(
    r"(?:pandas|polars)\.(?:read|scan)_(?:csv|table|parquet|feather|excel|json|pickle|hdf|fwf|ndjson)"
    r"|numpy\.(?:load|loadtxt|genfromtxt|fromfile)|scipy\.io\.loadmat|h5py\.File|open|PIL\.Image\.open"
)
_DATA = re.compile(
    r"\.(?:csv|tsv|parquet|feather|npy|npz|h5|hdf5|mat|arff|xlsx?|jsonl|ndjson|pkl|zip|gz|dat|nc|fits)", re.I
)
_MORE_DATA = re.compile(r"\.(?:txt|json|tar|tgz|pth?|ckpt|safetensors)\b", re.I)
_REQUESTS = ("requests.get", "httpx.get", "urllib.request.urlopen", "urllib.request.Request")
_REMOTE = re.compile(r"(?:https?|ftp)://\S+")
_COMMAND = re.compile(r"\s*(?:sudo\s+)?(?:wget|curl|gdown|kaggle\s+datasets\s+download|aws\s+s3\s+cp)\s+\S")
_LOCAL = re.compile(r"(?://|\s)(?:localhost|127\.0\.0\.1|0\.0\.0\.0)\b")
_DIGESTS = ("sha256", "sha512", "md5", "known_hash", "checksum")
_COMMIT = "commit the file, or declare it under `data` with its source and sha256"


def rx20(repo: Repo) -> Iterator[Found]:
    for job in jobs(repo):
        for file in job.files:
            yield from _handed(repo, job, file)
            for call in file.calls:
                yield from _download(repo, job, file, call)
                yield from _absent(repo, job, file, call)
        for path in (*job.started.scripts, *job.started.notebooks):
            yield from _commands(repo, path)


def _download(repo: Repo, job: Job, file: Python, call: Call) -> Iterator[Found]:
    what = _fetched(file, call)
    if what is None or _is_there(repo, file, call):
        return
    yield from _fetching(job, file, call.line, f"{_said(call)} fetches {what}", checked=_checks(file, call))


def _fetching(job: Job, file: Python, line: int, said: str, *, checked: bool) -> Iterator[Found]:
    if not job.has_network:
        message = f"{said} while the job runs, and a job has no network"
        yield Found(file.path, line, message, f"{_COMMIT}, or {OPENING}")
    elif not checked:
        yield Found(
            file.path, line, f"{said} and nobody checks what comes", f"{_COMMIT}, or compare its digest"
        )


def _handed(repo: Repo, job: Job, file: Python) -> Iterator[Found]:
    """Programs that download, started by Python."""
    for call, command in handed(file):
        text = " ".join(command.words)
        named = {basename(word) for word in command.words if _DATA.search(word)}
        if not _fetches(text) or any(basename(path) in named for path in repo.entries if named):
            continue
        checked = _imports(file, "hashlib") or any(
            each in text.value for text in file.texts for each in _DIGESTS
        )
        yield from _fetching(job, file, call.line, f"{command.words[0]} fetches something", checked=checked)


def _fetched(file: Python, call: Call) -> str | None:
    """What, in words; None where the call fetches nothing, or that cannot be seen."""
    if call.name in _UNCHECKED:
        where = argument_of(file, call, _UNCHECKED[call.name], 0)
        return _shown(where) if isinstance(where, str) else "a file"
    if call.name in _CHECKED:
        return "a file"
    if call.name.startswith("sklearn.datasets.fetch_"):
        return "its data"
    if short(call)[:1].isupper() and argument_of(file, call, "download") is True:
        return "its data"
    if call.name.startswith(_MODELS) and argument_of(file, call, "pretrained") is True:
        return "weights"
    return _address(file, call)


def _address(file: Python, call: Call) -> str | None:
    """Of a reader that takes addresses too, and of a request for something that looks like data."""
    asks = call.name in _REQUESTS
    if not asks and (call.name == "open" or not _READERS.fullmatch(call.name)):
        return None
    where = value_of(file, call.argument("url", 0))
    if not isinstance(where, str) or not _REMOTE.fullmatch(where):
        return None
    return _shown(where) if not asks or _DATA.search(where) or _MORE_DATA.search(where) else None


def _checks(file: Python, call: Call) -> bool:
    """Libraries of data sets know the digests of theirs."""
    if call.name in _CHECKED:
        return argument_of(file, call, _CHECKED[call.name]) is not None
    if call.name.startswith("sklearn.datasets.fetch_"):
        return call.name != "sklearn.datasets.fetch_openml" or argument_of(file, call, "data_id") is not None
    if call.argument("download") is not None or call.name.startswith(_MODELS):
        return True
    return _imports(file, "hashlib")


def _imports(file: Python, module: str) -> bool:
    return any(each.module.partition(".")[0] == module for each in file.imports)


def _fetches(command: str) -> bool:
    """Of an address of this machine nobody else needs anything."""
    if not _COMMAND.match(command) or _LOCAL.search(command):
        return False
    return bool(_REMOTE.search(command)) or UNKNOWN in command or not command.startswith(("wget", "curl"))


def _is_there(repo: Repo, file: Python, call: Call) -> bool:
    """Whether a file of one of the names in the call is tracked: then it is fetched only if it is gone."""
    values = [value_of(file, each) for each in (*call.node.args, *(k.value for k in call.node.keywords))]
    names = {basename(value) for value in values if isinstance(value, str) and _DATA.search(value)}
    return any(basename(path) in names for path in repo.entries) if names else False


def _absent(repo: Repo, job: Job, file: Python, call: Call) -> Iterator[Found]:
    """A committed job would find these on the author's machine only."""
    if job.experiment is None or not _READERS.fullmatch(call.name) or not call.node.args:
        return
    path = value_of(file, call.node.args[0])
    mode = argument_of(file, call, "mode", 1) if call.name in ("open", "h5py.File") else None
    if not isinstance(path, str) or mode not in (None, "r", "rb") or not _DATA.search(basename(path)):
        return
    if path.startswith(("/", "~", "..")) or "://" in path or _may_be_there(repo, job, file, path):
        return
    message = f"{short(call)} reads {path}, which is not in the repository"
    yield Found(file.path, call.line, message, _COMMIT)


def _may_be_there(repo: Repo, job: Job, file: Python, path: str) -> bool:
    """Tracked, fetched for the job, or mentioned elsewhere: then it may well write it first."""
    workdir = job.experiment.spec.run.workdir if job.experiment else "."
    places = {normpath(join(folder, path)) for folder in (workdir, ".", dirname(file.path) or ".")}
    if job.experiment and any(each.path in places and each.source for each in job.experiment.spec.data):
        return True
    if any(each in repo.entries or f"{each}.dvc" in repo.entries for each in places):
        return True
    tops = {each.split("/")[0] for each in places}
    if any(repo.entries[top].kind is not Kind.FILE for top in tops if top in repo.entries):
        return True
    if (
        "dvc.yaml" in repo.entries
        or _starts_programs(job)
        or any(f"{top}.dvc" in repo.entries for top in tops)
    ):
        return True
    name, folder = basename(path), dirname(path)
    said = sum(
        name in text.value or (bool(folder) and text.value.rstrip("/").endswith(folder))
        for each in job.files
        for text in each.texts
    )
    return said > 1


def _starts_programs(job: Job) -> bool:
    return bool(job.started.scripts) or any(
        call.name == "os.system" or call.name.startswith("subprocess.")
        for file in job.files
        for call in file.calls
    )


def _commands(repo: Repo, path: str) -> Iterator[Found]:
    text = text_of(repo, path)
    if any(digest in text for digest in _DIGESTS):
        return
    notebook = read_notebook(path, text) if path.endswith(".ipynb") else None
    lines = list(shell_lines(notebook)) if notebook else list(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        if _COMMAND.match(line) and (
            _REMOTE.search(line) or not re.match(r"\s*(?:sudo\s+)?(?:wget|curl)", line)
        ):
            message = f"{line.split()[0]} fetches something and nobody checks what comes"
            yield Found(path, number, message, f"{_COMMIT}, or compare its digest")


def _said(call: Call) -> str:
    """``get`` alone says nothing."""
    return call.name if call.name in _REQUESTS else short(call)


def _shown(address: str) -> str:
    clean = re.sub(r"(?<=://)[^/@]+@", "", address).partition("?")[0]
    return clean if len(clean) <= 80 else f"{clean[:77]}..."
