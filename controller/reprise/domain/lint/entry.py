"""What an experiment's command starts: scripts, modules, notebooks, and what shell scripts start in turn."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath

from reprise.domain.lint.repo import Kind, Repo

_PYTHON = re.compile(r"(?:python|pypy|ipython)[\d.]*")
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh")
_BUILDERS = {
    "make": ("GNUmakefile", "makefile", "Makefile"),
    "gmake": ("GNUmakefile", "makefile", "Makefile"),
    "snakemake": ("Snakefile", "workflow/Snakefile"),
    "dvc": ("dvc.yaml",),
    "mlflow": ("MLproject",),
}
"""Programs that read what to start from a file of their own."""
_LAUNCHERS = ("papermill", "jupyter", "torchrun", "accelerate", "deepspeed", "uv", "poetry", "pdm", "pixi")
_STARTED = re.compile(r"[\w./-]+\.(?:py|ipynb|sh)\b")
_STARTED_MODULE = re.compile(r"(?:^|\s)-m\s+([A-Za-z_][\w.]*)")
_MOST_SCRIPTS = 50


@dataclass(frozen=True, slots=True)
class Started:
    """Paths from the root; what an installed program does is not known."""

    python: tuple[str, ...] = ()
    notebooks: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    """Shell scripts, and files such as a Makefile."""
    missing: str | None = None
    """What the command names and no tracked file is."""


def started(repo: Repo, command: Sequence[str], workdir: str) -> Started:
    """Of a command without a shell. ``uv run``, ``torchrun`` and their like are looked through."""
    first = next(_first(repo, command, workdir), "")
    if first.startswith("?"):
        return Started(missing=first[1:])
    named = [path for path in (_tracked(repo, workdir, each) for each in command[1:]) if path]
    return _sorted_out(repo, [first, *named] if first else named, workdir)


def module_paths(repo: Repo, module: str, roots: Sequence[str]) -> Iterator[str]:
    """The files that importing ``a.b.c`` executes: of its packages, then its own."""
    steps = module.split(".")
    for root in roots:
        for depth in range(1, len(steps) + 1):
            stem = normpath(join(root, *steps[:depth]))
            yield from (path for path in (f"{stem}/__init__.py", f"{stem}.py") if path in repo.entries)


def import_roots(workdir: str, script: str | None = None) -> tuple[str, ...]:
    """Where local modules are looked for, from the root of the repository."""
    folders = [dirname(script) or "."] if script else []
    return tuple(dict.fromkeys([*folders, workdir, normpath(join(workdir, "src")), ".", "src"]))


def _first(repo: Repo, command: Sequence[str], workdir: str) -> Iterator[str]:
    """What is started: a path, or ``?`` and what is missing; nothing where that cannot be said."""
    for place, word in enumerate(command):
        name = basename(word)
        if _PYTHON.fullmatch(name):
            yield from _python(repo, command[place + 1 :], workdir)
            return
        if name in _SHELLS:
            yield from _shell(repo, command[place + 1 :], workdir)
            return
    if not command:
        return
    if command[0].endswith((".py", ".sh")) or command[0].startswith("./"):
        yield from _file(repo, command[0], workdir)
    elif command[0] in _BUILDERS:
        yield from _builder(repo, command, workdir)
    elif command[0] in _LAUNCHERS and (named := [each for each in command[1:] if _is_source(each)]):
        yield from _file(repo, named[0], workdir)
    else:
        yield from _console_script(repo, command, workdir)


def _python(repo: Repo, words: Sequence[str], workdir: str) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word == "-c":
            return
        if word == "-m":
            yield from _module(repo, next(rest, ""), workdir)
            return
        if word in ("-X", "-W"):
            next(rest, None)
        elif not word.startswith("-"):
            yield from _file(repo, word, workdir)
            return


def _shell(repo: Repo, words: Sequence[str], workdir: str) -> Iterator[str]:
    script = next((word for word in words if not word.startswith("-")), None)
    if script and not any(re.fullmatch(r"-[a-z]*c", word) for word in words):
        yield from _file(repo, script, workdir)
    elif script:
        yield from _mentioned(repo, script, workdir, workdir)


def _file(repo: Repo, word: str, workdir: str) -> Iterator[str]:
    path = normpath(join(workdir, word))
    if path.startswith(("/", "..")) or "$" in word or _within_other(repo, path):
        return
    candidates = (path, f"{path}/__main__.py")
    yield next((each for each in candidates if each in repo.entries), f"?{path}")


def _module(repo: Repo, module: str, workdir: str) -> Iterator[str]:
    """An installed module is not known, one of a local package must be there."""
    if not re.fullmatch(r"[A-Za-z_][\w.]*", module):
        return
    roots = import_roots(workdir)
    stem = module.replace(".", "/")
    for root in roots:
        for path in (normpath(join(root, f"{stem}.py")), normpath(join(root, stem, "__main__.py"))):
            if path in repo.entries:
                yield path
                return
    top = module.partition(".")[0]
    if "." in module and any(normpath(join(root, top, "__init__.py")) in repo.entries for root in roots):
        yield f"?{module}"


def _builder(repo: Repo, command: Sequence[str], workdir: str) -> Iterator[str]:
    paths = [normpath(join(workdir, name)) for name in _BUILDERS[command[0]]]
    yield from (path for path in paths if path in repo.entries)
    if command[0] == "make" and not any(path in repo.entries for path in paths) and len(command) == 2:
        yield f"?{paths[-1]}"


def _console_script(repo: Repo, command: Sequence[str], workdir: str) -> Iterator[str]:
    """A program that the repository itself installs."""
    name = command[2] if len(command) > 2 and command[1] == "run" else command[0]
    entry = re.compile(rf"^\s*[\"']?{re.escape(name)}[\"']?\s*=\s*[\"']?([\w.]+):", re.MULTILINE)
    for file in ("pyproject.toml", "setup.cfg", "setup.py"):
        if said := entry.search(repo.text(file) or ""):
            yield from tuple(module_paths(repo, said[1], import_roots(workdir)))[-1:]


def _sorted_out(repo: Repo, paths: Sequence[str], workdir: str) -> Started:
    """With what the shell scripts among them start, and so on."""
    seen: dict[str, None] = {}
    pending = list(paths)
    while pending and len(seen) < _MOST_SCRIPTS:
        path = pending.pop(0)
        if path in seen:
            continue
        seen[path] = None
        if not path.endswith((".py", ".ipynb")):
            pending.extend(_mentioned(repo, repo.text(path) or "", dirname(path) or ".", workdir))
    return Started(
        tuple(path for path in seen if path.endswith(".py")),
        tuple(path for path in seen if path.endswith(".ipynb")),
        tuple(path for path in seen if not path.endswith((".py", ".ipynb"))),
    )


def _mentioned(repo: Repo, text: str, folder: str, workdir: str) -> Iterator[str]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for word in _STARTED.findall(lines):
        path = _tracked(repo, workdir, word) or _tracked(repo, folder, word) or _tracked(repo, ".", word)
        if path:
            yield path
    for module in _STARTED_MODULE.findall(lines):
        yield from (each for each in _module(repo, module, workdir) if not each.startswith("?"))


def _is_source(word: str) -> bool:
    return word.endswith((".py", ".ipynb", ".sh")) and not word.startswith("-")


def _tracked(repo: Repo, folder: str, word: str) -> str | None:
    if not _is_source(word):
        return None
    path = normpath(join(folder, word))
    return path if path in repo.entries else None


def _within_other(repo: Repo, path: str) -> bool:
    """In a submodule, or behind a link: what is there cannot be seen."""
    steps = path.split("/")
    above = ("/".join(steps[:depth]) for depth in range(1, len(steps) + 1))
    return any(
        (entry := repo.entries.get(each)) is not None and entry.kind is not Kind.FILE for each in above
    )
