"""What a folder and the state folder say about a run that is only planned. Nothing is run or written.

Called by `planning`. The lock file and the Python are looked for as the process backend does, so that a plan
names what a run would end with.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from reprise.adapters.git import local
from reprise.adapters.git.listing import list_files
from reprise.adapters.images.builder import OWN_PYTHON
from reprise.adapters.images.wishes import Wish, read_wish
from reprise.adapters.process import interpreters, locks, requirements
from reprise.domain import paths, pins
from reprise.domain.adopt.words import SCRIPTS, below
from reprise.domain.data.pointers import LFS_MOST_BYTES, read_pointer
from reprise.domain.data.sources import Elsewhere, Malformed, Object, parse_source
from reprise.domain.errors import UserError
from reprise.domain.forecast import usual_seconds
from reprise.domain.images.pinned import pins_of
from reprise.domain.images.written import Bases
from reprise.domain.pins import Pins
from reprise.domain.planned_run import Earlier, Here, Input, Standing
from reprise.domain.spec.model import DataFile, EnvironmentRule, Spec
from reprise.ports import Failed
from reprise.store import rehearsed
from reprise.store.took import durations

_MOST_REHEARSALS = 10
_REHEARSALS = "rehearsals"
_DATABASE = "reprise.db"
_PIECE = 1 << 20


def look(root: Path, spec: Spec, state: Path | None, *, image: bool = False) -> Here:
    """``root`` holds the spec; ``state`` is the state folder with what ran before, None = look at none.

    ``image``: it would run in one, which is made of more than the process backend installs.
    """
    earlier = _earlier(root, spec, state) if state is not None else None
    if image:
        return _in_an_image(root, spec, earlier)
    lock = locks.choose(root, spec.environment)
    python = interpreters.wanted(
        spec.environment.python, root, root if isinstance(lock, Failed) else lock.file.parent
    )
    problems = [each.message for each in (lock, python) if isinstance(each, Failed)]
    found = None if isinstance(lock, Failed) else _pins(lock, problems)
    asked = None if python is None or isinstance(python, Failed) else (python.request, python.source)
    return Here(
        pins=found,
        python=asked,
        inputs=_inputs(root, spec.data),
        earlier=earlier,
        missing=(*_absent_scripts(root, spec), *problems),
        dockerfile=_dockerfile(root, spec.environment),
    )


def _in_an_image(root: Path, spec: Spec, earlier: Earlier | None) -> Here:
    rule = spec.environment
    wish = read_wish(root, rule, Bases(), OWN_PYTHON)
    written = not isinstance(wish, Failed) and wish.generated
    return Here(
        pins=pins_of(rule, _content(root), images=True),
        python=_python_of(wish),
        inputs=_inputs(root, spec.data),
        earlier=earlier,
        missing=(*_absent_scripts(root, spec), *([wish.message] if isinstance(wish, Failed) else [])),
        dockerfile=wish.dockerfile if written and not isinstance(wish, Failed) else None,
        in_image=True,
    )


def _python_of(wish: Wish | Failed) -> tuple[str, str] | None:
    """What the spec asks for, else what the generated Dockerfile begins with."""
    asked = None if isinstance(wish, Failed) else wish.python or wish.begins_with
    return None if asked is None else (asked.version, asked.source or "as nothing asks for another")


def _content(root: Path) -> Callable[[str], bytes | None]:
    def content(path: str) -> bytes | None:
        place = _inside(root, path)
        return place.read_bytes() if place is not None else None

    return content


def _dockerfile(root: Path, rule: EnvironmentRule) -> str | None:
    """With the usual bases, whatever an operator set."""
    wish = read_wish(root, rule, Bases(), OWN_PYTHON)
    if isinstance(wish, Failed) or not wish.generated or pins.is_installed_by_uv(wish.path):
        return None
    return wish.dockerfile


def _pins(lock: locks.Lock, problems: list[str]) -> Pins | None:
    content = locks.content(lock)
    if isinstance(content, Failed):
        problems.append(content.message)
        return None
    if isinstance(lock, locks.RequirementsFile):
        parsed = requirements.parse(content.decode("utf-8-sig", errors="replace"), lock.path, tree="file:")
        if isinstance(parsed, Failed):
            problems.append(parsed.message)
    return pins.read(lock.path, content)


def _inputs(root: Path, files: Sequence[DataFile]) -> tuple[Input, ...]:
    held = {each.path: each.submodule for each in list_files(root)} if files else {}
    submodules = tuple(f"{path}/" for path, submodule in held.items() if submodule)

    def standing(file: DataFile) -> Standing:
        place = _inside(root, file.path)
        instead = Standing.FETCHED if _has_source(root, file) else None
        if place is None:
            return instead or Standing.MISSING
        if held and file.path not in held and not file.path.startswith(submodules):
            return instead or Standing.IGNORED
        if _is_pointer(place):
            return Standing.FETCHED
        return Standing.PRESENT if _sha256(place) == file.sha256 else Standing.OTHER

    return tuple(Input(file, standing(file)) for file in files)


def _has_source(root: Path, file: DataFile) -> bool:
    if file.source is None:
        return _inside(root, f"{file.path}.dvc") is not None
    return not isinstance(parse_source(file.source), Elsewhere | Malformed | Object)


def _is_pointer(place: Path) -> bool:
    with place.open("rb") as opened:
        return read_pointer(opened.read(LFS_MOST_BYTES + 1)) is not None


def _absent_scripts(root: Path, spec: Spec) -> Iterator[str]:
    """The first file of the command that looks like the repository's own and is not there."""
    for word in spec.run.command:
        if word.endswith(SCRIPTS) and not word.startswith(("/", "-")):
            path = below(spec.run.workdir, word)
            if _inside(root, path) is None:
                yield f"{path}, which the command names, is not there"
            return


def _inside(root: Path, path: str) -> Path | None:
    """An ordinary file that really lies below the root."""
    try:
        place = root.joinpath(*paths.parts_inside(path)).resolve()
    except UserError:
        return None
    return place if place.is_file() and place.is_relative_to(root.resolve()) else None


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _earlier(root: Path, spec: Spec, state: Path) -> Earlier | None:
    """Rehearsals of this folder, else runs of the repository that its ``origin`` names."""
    tree = local.root_of(root)
    if tree is None:
        return None
    number = local.repository_at(tree).id
    folders = [folder for folder, _ in rehearsed.unvaried(state / _REHEARSALS, number, spec.name)]
    took = [
        each
        for folder in folders[:_MOST_REHEARSALS]
        for each in durations(folder / _DATABASE, number, spec.name)
    ]
    usual = usual_seconds(took)
    if usual is not None:
        return Earlier(usual, len(took), "rehearsal", "here")
    name = local.origin(tree)
    took = durations(state / _DATABASE, name, spec.name) if name is not None else []
    usual = usual_seconds(took)
    return Earlier(usual, len(took), "run", f"of {name}") if usual is not None else None
