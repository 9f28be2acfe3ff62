"""A plain Python script as the experiment, and ReproGen's layout, whose scripts are the same."""

from pathlib import PurePosixPath

from reprise.domain.adopt.model import Entry, Kind, Left, Place
from reprise.domain.adopt.ranks import LAST, likeliest, rank, shallow
from reprise.domain.lint.python import Python
from reprise.domain.lint.repo import Repo

_REPROGEN = ("utils/mlflow_log.py", "chi/0_create_buckets.ipynb", "docker/Dockerfile.mlflow")
_ENOUGH = 2
"""Of its marks: each alone could be anybody's."""


def is_reprogen(repo: Repo) -> bool:
    own = any(path.startswith(("docker/Dockerfile.jupyter", "chi/1_create_server")) for path in repo.entries)
    return sum(path in repo.entries for path in _REPROGEN) + own >= _ENOUGH


def reprogen(repo: Repo) -> Entry | None:
    """Its scripts lie in src/ and import from the root, which is what ``-m`` gives them."""
    if not is_reprogen(repo):
        return None
    scripts = [path for path in repo.entries if path.startswith("src/") and path.endswith(".py")]
    best = likeliest(scripts)
    own = [path for path in best if not path.endswith("_example.py")] or list(best)
    if not own:
        return None
    script = own[0]
    left = (*((_example(script),) if script.endswith("_example.py") else ()), *_without_mlflow(repo))
    why = "a script of ReproGen's src/, started as a module, since it imports utils/ from the root"
    return Entry(Kind.REPROGEN, _as_module(script), Place(script), why + _besides(own), script, left=left)


def script(repo: Repo) -> Entry | None:
    """The likeliest name, else the only script that can be started."""
    started = _started(repo)
    best = _best(repo)
    named = [path for path in best if rank(path) != LAST]
    unnamed = [path for path in best if path in started or best == (path,)]
    chosen = named or (unnamed if len(unnamed) == 1 else [])
    if not chosen:
        return None
    path = chosen[0]
    argv = _as_module(path) if _imports_from_root(repo, path) else ("python", path)
    why = "a script with the name of an experiment" if named else "the only script that can be started"
    return Entry(Kind.SCRIPT, argv, Place(path, started.get(path)), why + _besides(chosen), path)


def candidates(repo: Repo) -> tuple[str, ...]:
    """What `script` does not choose from: those that can be started, else all that could be."""
    started, best = _started(repo), _best(repo)
    return tuple(path for path in best if path in started) or best


def _started(repo: Repo) -> dict[str, int]:
    return {python.path: line for python in repo.python if (line := _guard(python)) is not None}


def _best(repo: Repo) -> tuple[str, ...]:
    return likeliest(python.path for python in repo.python if shallow(python.path))


def _besides(paths: list[str]) -> str:
    others = ", ".join(paths[1:4])
    return f" (others: {others})" if others else ""


def _example(path: str) -> Left:
    return Left(
        "this is the example that the template brings",
        "write the experiment into src/, and name it in run.command",
        Place(path),
    )


def _without_mlflow(repo: Repo) -> tuple[Left, ...]:
    files = repo.named("requirements.txt", "requirements.in", "uv.lock")
    if any("mlflow" in (repo.text(path) or "") for path in files):
        return ()
    return (
        Left(
            "this imports mlflow, which the image installs and no requirements file names",
            "add mlflow, or the smaller mlflow-skinny, to what is locked",
            Place("utils/mlflow_log.py"),
        ),
    )


def _as_module(path: str) -> tuple[str, ...]:
    return ("python", "-m", path.removesuffix(".py").replace("/", "."))


def _imports_from_root(repo: Repo, path: str) -> bool:
    """Whether a script in a folder needs the root on its path, where ``python folder/file.py`` has it not."""
    folder = PurePosixPath(path).parent.as_posix()
    python = next(each for each in repo.python if each.path == path)
    if folder == "." or "." in PurePosixPath(path).stem:
        return False
    tops = {each.module.partition(".")[0] for each in python.imports} - {""}
    return any(_is_module(repo, "", top) and not _is_module(repo, f"{folder}/", top) for top in tops)


def _is_module(repo: Repo, folder: str, name: str) -> bool:
    inside = f"{folder}{name}/"
    return f"{folder}{name}.py" in repo.entries or any(
        path.startswith(inside) and path.endswith(".py") for path in repo.entries
    )


def _guard(python: Python) -> int | None:
    """The line of ``if __name__ == "__main__"``."""
    for text in python.texts:
        if text.value == "__main__":
            return text.line
    return None
