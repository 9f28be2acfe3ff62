"""RX16: whether anything says which Python, and which CUDA, the numbers come from."""

import re
import tomllib
from collections.abc import Iterator

from reprise.domain.lint import environment
from reprise.domain.lint.images import used_images
from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.packages import Package, Pin, packages
from reprise.domain.lint.repo import Experiment, Repo

_IN_README = re.compile(r"Python(?:\s+version)?\s*(?:>=|≥|==|:)?\s*`?3\.\d+", re.IGNORECASE)
_OLD_PLACES = ("runtime.txt", ".tool-versions", "environment.yml", "environment.yaml", "Pipfile", "pixi.toml")
_PYTHON_THERE = re.compile(r"python[\w\s\"']*[-=:<>~\s\"']+3\.\d+", re.IGNORECASE)
_GPU = frozenset({"torch", "tensorflow", "jax", "jaxlib", "cupy", "mxnet", "paddlepaddle-gpu", "torchvision"})
_CUDA = re.compile(r"\bcu\d{2,3}\b|cuda-?\d|cuda\[?\d|nvidia-cuda|rocm|[/+]cpu\b|and-cuda", re.IGNORECASE)

_UNSAID = re.compile(r"(?:^|/)(?:cuda|python)(?:[:-](?!\d)[^@]*)?$")


def rx16(repo: Repo) -> Iterator[Found]:
    lacking = next((each for each in repo.experiments if not _says_python(repo, each)), None)
    if lacking is not None:
        yield _no_python(repo, lacking)
    for path in environment.requirement_files(repo):
        yield from _no_cuda(path, environment.lock_text(repo, path) or "")
    if any(not lock.endswith((".lock", ".txt", ".yml")) for lock in environment.locks(repo)):
        yield from _images_without(repo)


def _says_python(repo: Repo, experiment: Experiment) -> bool:
    """Where a run looks; locks of conda hold Python itself, and an image has one."""
    lock = environment.lock_of(repo, experiment) or "requirements.txt"
    if experiment.spec.environment.python is not None or not lock.endswith(("uv.lock", ".txt")):
        return True
    folder = lock.rpartition("/")[0]
    for place in dict.fromkeys((f"{folder}/", "")):
        if (repo.text(f"{place}.python-version".lstrip("/")) or "").strip():
            return True
    return _requires_python(repo, f"{folder}/pyproject.toml".lstrip("/"))


def _requires_python(repo: Repo, described: str) -> bool:
    try:
        project = tomllib.loads(repo.text(described) or "").get("project", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return isinstance(project, dict) and bool(project.get("requires-python"))


def _no_python(repo: Repo, experiment: Experiment) -> Found:
    fix = (
        'Write `environment: {python: "3.11"}` with the version behind the numbers, or commit .python-version'
    )
    told = next(_told(repo), None)
    if told is None:
        message = "nothing says which Python the numbers come from"
        return Found(experiment.file, 1, message, fix)
    message = f"{told} names a Python, but a run does not look there and takes any"
    return Found(experiment.file, 1, message, fix, Severity.INFORMATION)


def _told(repo: Repo) -> Iterator[str]:
    """Where only people look, or other tools."""
    for path in repo.entries:
        if "/" not in path and path.lower().startswith("readme") and _IN_README.search(repo.text(path) or ""):
            yield path
    for path in _OLD_PLACES:
        if _PYTHON_THERE.search(repo.text(path) or ""):
            yield path


def _no_cuda(path: str, text: str) -> Iterator[Found]:
    """A pinned version of these on an index is built for one CUDA; a loose one for any."""
    if _CUDA.search(text):
        return
    loose = [p for p in packages(path, text) if p.name in _GPU and p.pin in (Pin.RANGE, Pin.NONE)]
    if loose:
        yield _cuda(path, loose[0])


def _cuda(path: str, package: Package) -> Found:
    message = f"`{package.text}` leaves open which CUDA it is built for"
    fix = f"Pin {package.name} to one version, and name its index, such as …/whl/cu126"
    return Found(path, package.line, message, fix)


def _images_without(repo: Repo) -> Iterator[Found]:
    """A Dockerfile that a run is built from, whose image is named after CUDA or Python without a version."""
    for path, image in used_images(repo):
        if path in environment.locks(repo) and _UNSAID.search(image.name):
            message = f"`{image.name}` does not say which version it holds"
            yield Found(path, image.line, message, "Name the version in the tag, such as python:3.11.9")
