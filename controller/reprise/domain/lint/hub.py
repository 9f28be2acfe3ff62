"""RX21: what a model or data hub hands out tomorrow under the same name may be something else."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from reprise.domain.lint.model import Found
from reprise.domain.lint.python import Call, Import, Python
from reprise.domain.lint.reach import OPENING, jobs, reached
from reprise.domain.lint.repo import Repo
from reprise.domain.lint.values import UNSEEN, argument_of, short

_NAMES = {
    "from_pretrained": "pretrained_model_name_or_path",
    "load_dataset": "path",
    "snapshot_download": "repo_id",
    "hf_hub_download": "repo_id",
    "SentenceTransformer": "model_name_or_path",
}
"""Calls, and how the parameter with the name on the hub is called; it is the first of all of them."""
_LIBRARIES = frozenset(
    {
        *(
            "transformers",
            "datasets",
            "huggingface_hub",
            "diffusers",
            "sentence_transformers",
            "peft",
            "evaluate",
        ),
        *("tokenizers", "setfit", "optimum"),
    }
)
_FORMATS = frozenset(
    {
        *("csv", "json", "parquet", "text", "arrow", "pandas", "xml", "webdataset", "generator"),
        *("imagefolder", "audiofolder", "videofolder"),
    }
)
"""What load_dataset reads from local files."""
_ON_HUB = re.compile(r"[\w-][\w.-]*(?:/[\w.-]+)?")
_CLOSED = f"; and {OPENING}, because a job has no network otherwise, or commit the files and load those"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ABBREVIATED = re.compile(r"[0-9a-f]{7,39}")
_TORCH_HUB = re.compile(r"[\w.-]+/[\w.-]+(?::(?P<ref>.+))?")


def rx21(repo: Repo) -> Iterator[Found]:
    files = reached(repo)
    closed = {file.path for job in jobs(repo) if not job.has_network for file in job.files}
    for each in _unfixed(repo, files):
        yield replace(each, fix=f"{each.fix}{_CLOSED}") if each.file in closed else each


def _unfixed(repo: Repo, files: tuple[Python, ...]) -> Iterator[Found]:
    using = [file for file in files if any(_top(each) in _LIBRARIES for each in file.imports)]
    written = _written(files) if using else frozenset()
    for file in using:
        for call in file.calls:
            if short(call) in _NAMES:
                yield from _hugging_face(repo, file, call, written)
    for file in files:
        for call in file.calls:
            if call.name == "torch.hub.load":
                yield from _torch_hub(file, call)


def _top(each: Import) -> str:
    return each.module.partition(".")[0]


def _hugging_face(repo: Repo, file: Python, call: Call, written: frozenset[object]) -> Iterator[Found]:
    name = argument_of(file, call, _NAMES[short(call)], 0)
    if not isinstance(name, str) or not _ON_HUB.fullmatch(name) or name in written or _is_local(repo, name):
        return
    if short(call) == "load_dataset" and (name in _FORMATS or name.endswith((".py", ".json", ".csv"))):
        return
    revision = argument_of(file, call, "revision")
    if revision is UNSEEN or (isinstance(revision, str) and _COMMIT.fullmatch(revision)):
        return
    message = f"{short(call)} takes {name} {_as(revision)}"
    fix = "pass `revision` with the 40 digits of the commit that the published number was made with"
    yield Found(file.path, call.line, message, fix)


def _written(files: Iterable[Python]) -> frozenset[object]:
    """Folders that the job saves to, and may load from afterwards."""
    saving = ("save_pretrained", "save_model", "save_to_disk", "save", "makedirs", "mkdir")
    named = (
        argument_of(file, call, "output_dir", 0 if short(call) in saving else None)
        for file in files
        for call in file.calls
        if call.node.args or call.node.keywords
    )
    return frozenset(each for each in named if isinstance(each, str))


def _as(revision: object) -> str:
    if not isinstance(revision, str):
        return "as it is at the time of the run"
    if _ABBREVIATED.fullmatch(revision):
        return f"at {revision}, which the hub refuses: it wants all 40 digits"
    return f"at {revision}, which can be moved"


def _torch_hub(file: Python, call: Call) -> Iterator[Found]:
    name = argument_of(file, call, "repo_or_dir", 0)
    said = _TORCH_HUB.fullmatch(name) if isinstance(name, str) else None
    local = argument_of(file, call, "source") == "local"
    if said is None or local or _COMMIT.fullmatch(said["ref"] or ""):
        return
    message = f"torch.hub.load takes {name}, which can be moved"
    fix = "write `owner/name:commit`, with the 40 digits of the commit"
    yield Found(file.path, call.line, message, fix)


def _is_local(repo: Repo, name: str) -> bool:
    return name.startswith(".") or any(path == name or path.startswith(f"{name}/") for path in repo.entries)
