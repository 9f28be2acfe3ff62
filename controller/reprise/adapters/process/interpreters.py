"""Which Python an environment is made of: the one that was asked for, or none. Called by builder.py.

Never downloads one and never takes another: both would change results without a word.
"""

import json
import re
import subprocess
import sys
import threading
import tomllib
from dataclasses import dataclass
from pathlib import Path

from reprise.adapters.process.installer import Installer, Job
from reprise.domain.run import Reason
from reprise.ports import Failed

ASK_SECONDS = 30
OWN = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"

_VERSION = re.compile(r"(?:(?:cpython|pypy|graalpy|python)[@-]?)?\d+(?:\.\d+){0,2}t?", re.IGNORECASE)
_RANGE = re.compile(r"[<>=!~][<>=!~0-9.,*\sabrc]*")
_QUESTION = (
    "import json,platform,sys,sysconfig;"
    "print(json.dumps([platform.python_version(),sys.implementation.cache_tag,sysconfig.get_platform()]))"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    request: str
    """A version or a range, in uv's words."""
    source: str
    """Who asked for it, for people."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    path: Path
    version: str
    """e.g. ``3.11.7``"""
    tag: str
    """Implementation and its byte-code version, e.g. ``cpython-311``."""
    platform: str
    """e.g. ``linux-x86_64``"""


def wanted(declared: str | None, tree: Path, project: Path) -> Wanted | Failed | None:
    """The spec's word, else ``.python-version``, else ``requires-python``; None when nobody asks."""
    if declared is not None:
        return _checked(declared, "environment.python")
    for folder in dict.fromkeys((project, tree)):
        pinned = _python_version(folder / ".python-version")
        if pinned is not None:
            return _checked(pinned, ".python-version")
    required = _requires_python(project / "pyproject.toml")
    return None if required is None else _checked(required, "requires-python in pyproject.toml")


class Interpreters:
    """Finds installed ones. Safe for several threads.

    Remembers answers while the interpreter's file is unchanged: a search may start every wrapper
    script on the path. What was absent is looked for again each time.
    """

    def __init__(self, installer: Installer, own: Path = OWN) -> None:
        self._installer = installer
        self._own = own
        self._found: dict[str, Path] = {}
        self._known: dict[tuple[Path, int], Interpreter] = {}
        self._lock = threading.Lock()

    def find(self, wanted: Wanted | None, job: Job) -> Interpreter | Failed:
        if wanted is None:
            return self._facts(self._own)
        remembered = self._found.get(wanted.request)
        if remembered is not None and remembered.exists():
            return self._facts(remembered)
        found = self._installer.run(job, "python", "find", "--system", "--no-project", wanted.request)
        if isinstance(found, Failed):
            return found
        if found.code == 0 and found.stdout.strip():
            self._found[wanted.request] = Path(found.stdout.strip())
            return self._facts(self._found[wanted.request])
        return self._among_all(wanted, job)

    def _among_all(self, wanted: Wanted, job: Job) -> Interpreter | Failed:
        """uv gives up at the first interpreter that does not start; the one we need may come later."""
        listed = self._installer.run(job, "python", "list", "--only-installed", "--output-format", "json")
        if isinstance(listed, Failed):
            return listed
        installed = _listed(listed.stdout)
        path = next((path for version, path in installed if _fits(version, wanted.request)), None)
        if path is not None:
            return self._facts(path)
        names = ", ".join(sorted({version for version, _ in installed}, key=_order))
        others = f"only {names}" if names else "nor is any other"
        return Failed(
            Reason.PYTHON_MISSING,
            f"Python {wanted.request} ({wanted.source}) is not installed here, {others}: "
            "ask for one of these, or have it installed on this machine",
        )

    def _facts(self, path: Path) -> Interpreter | Failed:
        try:
            key = (path, path.stat().st_mtime_ns)
        except OSError as error:
            return Failed(Reason.INFRASTRUCTURE, f"the interpreter {path} cannot be used: {error.strerror}")
        with self._lock:
            if key not in self._known:
                answer = _ask(path)
                if isinstance(answer, Failed):
                    return answer
                self._known[key] = answer
            return self._known[key]


def _ask(path: Path) -> Interpreter | Failed:
    try:
        done = subprocess.run(
            [str(path), "-I", "-S", "-c", _QUESTION],
            capture_output=True,
            timeout=ASK_SECONDS,
            check=True,
            env={},
            stdin=subprocess.DEVNULL,
        )
    except (subprocess.SubprocessError, OSError) as error:
        return Failed(
            Reason.INFRASTRUCTURE, f"the interpreter {path} does not start ({type(error).__name__})"
        )
    version, tag, platform = json.loads(done.stdout)
    return Interpreter(path, version, tag, platform)


def _checked(request: str, source: str) -> Wanted | Failed:
    """uv would also take a path or a program's name, which a repository must not choose."""
    request = request.strip()
    if _VERSION.fullmatch(request) or _RANGE.fullmatch(request):
        return Wanted(request, source)
    return Failed(
        Reason.PYTHON_MISSING, f"`{request[:60]}` ({source}) is not a Python version; write one like 3.11"
    )


def _python_version(file: Path) -> str | None:
    if not _small_file(file):
        return None
    lines = (line.partition("#")[0].strip() for line in file.read_text(errors="replace").splitlines())
    return next((line for line in lines if line), None)


def _requires_python(file: Path) -> str | None:
    if not _small_file(file):
        return None
    try:
        required = tomllib.loads(file.read_text(errors="replace")).get("project", {}).get("requires-python")
    except (tomllib.TOMLDecodeError, AttributeError):
        return None  # uv names the line when it reads the file itself
    return required if isinstance(required, str) and required.strip() else None


def _small_file(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and file.stat().st_size < 1024**2


def _listed(answer: str) -> tuple[tuple[str, Path], ...]:
    try:
        return tuple((entry["version"], Path(entry["path"])) for entry in json.loads(answer) if entry["path"])
    except (ValueError, KeyError, TypeError):
        return ()


def _fits(version: str, request: str) -> bool:
    asked = re.sub(r"^(cpython|python)[@-]?", "", request, flags=re.IGNORECASE)
    return version == asked or version.startswith(f"{asked}.")


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
