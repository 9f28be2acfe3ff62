"""RX32: places that exist on one machine or for one account only, written into the code of a job."""

import ast
import re
from collections.abc import Iterator

from reprise.domain.lint.model import Found
from reprise.domain.lint.python import Python, Text
from reprise.domain.lint.reach import Job, jobs
from reprise.domain.lint.repo import Repo
from reprise.domain.lint.values import short

_DATA_FILE = (
    r"\.(?:csv|tsv|parquet|npy|npz|h5|hdf5|pkl|json|jsonl|txt|zip|gz|tar|pt|pth|ckpt|mat|xlsx|png|jpg)"
)
_PERSONAL = "a path of one person's machine"
_PLACES = (
    (re.compile(r"/(?:home|Users)/[\w.-]+/.*"), _PERSONAL),
    (re.compile(r"/root/\S.*"), "a path of one machine"),
    (re.compile(r"/(?:mnt|scratch|gpfs|lustre|nfs|raid)/[\w.-]+(?:/.*)?"), "a path of one machine"),
    (re.compile(r"/media/[\w.-]+/\S.*"), "a path of one machine"),
    (
        re.compile(r"/(?:content/(?:g?drive|sample_data)|kaggle/(?:input|working|temp))(?:/.*)?"),
        "a path of one hosted notebook service",
    ),
    (
        re.compile(rf"/(?:data|datasets?|work|workspace|projects?|storage|export)/\S*{_DATA_FILE}"),
        "a path of one machine",
    ),
    (re.compile(r"~\w*/(?!\.)[\w.-]+(?:/\S*)?"), "a path in one person's home"),
    (
        re.compile(r"[A-Za-z]:\\+[\w .-]{2,}(?:\\.*|\.\w{1,5})|[A-Z]:/\w{2,}[^:*?]*"),
        "a path with a drive letter",
    ),
    (re.compile(r"(?:s3|s3a|gs|gcs|abfss?|wasbs?|az|hdfs|oss)://[\w.-]+\S*"), "a bucket"),
    (
        re.compile(
            r"(?:https?|ssh|ftp|postgres(?:ql)?|mysql|redis|mongodb)://(?:[^/@\s]+@)?"
            r"(?:10(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}"
            r"|[\w-]+(?:\.[\w-]+)*\.(?:local|internal|lan|corp|intranet))(?:[:/]\S*)?"
        ),
        "a host of a private network",
    ),
)
_FIRST = re.compile(r"[/~sgawho]|[A-Za-z]:|(?:postgres|mysql|redis|mongodb|ftp)", re.IGNORECASE)
_PATTERN = re.compile(r"\(\?|\\[swdSWDb.]|\.[*+]|\[\^?\\?\w-\w")
"""A regular expression about places is none."""
_LONGEST = 400
"""Characters; what is longer is a text."""


def rx32(repo: Repo) -> Iterator[Found]:
    containers = _containers(repo)
    for job in jobs(repo):
        for file in job.files:
            replaced = _replaced(job, file)
            for text in file.texts:
                what = None if text.follows else place(text.value) or _begun(text)
                if what is None or text.value in replaced or _is_made(text.value, containers):
                    continue
                shown = f"{_shown(text.value)}{'…' if text.goes_on else ''}"
                yield Found(file.path, text.line, f"{shown} is {what}", _fix(what))


def place(value: str) -> str | None:
    """What kind of place a text names that others do not have; None of any other text."""
    if len(value) > _LONGEST or "\n" in value or not _FIRST.match(value):
        return None
    if value[1:2] != ":" and _PATTERN.search(value):
        return None
    return next((what for pattern, what in _PLACES if pattern.fullmatch(value)), None)


def _fix(what: str) -> str:
    if what in ("a bucket", "a host of a private network"):
        return (
            "commit what is read from there and declare it under `data`, or download it from a public address"
        )
    return "write a path from the root of the repository, or take it as an argument"


def _begun(text: Text) -> str | None:
    """Of an f-string that names the person by a variable."""
    return _PERSONAL if text.goes_on and re.fullmatch(r"/(?:home|Users)/[\w.-]*", text.value) else None


def _replaced(job: Job, file: Python) -> frozenset[str]:
    """Defaults of options that the command gives another value."""
    command = job.experiment.spec.run.command if job.experiment else ()
    given = {word.partition("=")[0] for word in command if word.startswith("-")}
    return frozenset(
        default.value
        for call in file.calls
        if short(call) in ("add_argument", "option", "Option") and given & _flags(call.node.args)
        for default in [call.argument("default")]
        if isinstance(default, ast.Constant) and isinstance(default.value, str)
    )


def _flags(nodes: list[ast.expr]) -> set[str]:
    return {each.value for each in nodes if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def _containers(repo: Repo) -> str:
    """What images of the repository are made of: a path that one of them makes is there."""
    paths = [path for path in repo.entries if path.rpartition("/")[2].startswith("Dockerfile")]
    return "\n".join(repo.text(path) or "" for path in paths)


def _is_made(value: str, containers: str) -> bool:
    top = re.match(r"/(?:(?:home|Users|mnt|media)/)?[\w.-]+", value)
    if top is None or not containers:
        return False
    return re.search(rf"{re.escape(top[0])}(?:/|\s|$)", containers) is not None


def _shown(value: str) -> str:
    """Without a user and a password."""
    clean = re.sub(r"(?<=://)[^/@]+@", "", value)
    return clean if len(clean) <= 60 else f"{clean[:57]}..."
