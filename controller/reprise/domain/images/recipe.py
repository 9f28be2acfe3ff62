"""What a generated Dockerfile is made of: decided from the files, written by written.py. Pure."""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reprise.domain import pins, requirement_file
from reprise.domain.image import Kind
from reprise.domain.images import uv_project
from reprise.domain.images.sources import Source, kind_of
from reprise.domain.requirement_file import Unusable
from reprise.domain.requirement_lines import normalised

PROJECT = "/reprise/project"
"""Where the files of the repository are mounted while its environment is installed."""


_PLAIN = re.compile(r"[\w.@+/-]+")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.:=~-]*")


@dataclass(frozen=True, slots=True)
class Recipe:
    source: Source
    kind: Kind
    """Of the file that says what is installed, also where others take part."""
    mounted: tuple[str, ...] = ()
    """Files and folders that installing reads, from the root of the tree."""
    own: tuple[str, ...] = ()
    """Folders of the repository that are installed as packages, from the root of the tree."""
    options: tuple[str, ...] = ()
    """Of the installing command."""
    rewritten: tuple[str, ...] = ()
    """Lines in place of the requirements file, whose own packages come later."""
    apt: tuple[str, ...] = ()
    post_build: str | None = None
    weak: str | None = None
    names: frozenset[str] | None = None
    """Normalised names of what is pinned; None where everything is, or nothing."""
    empty: bool = False
    """Nothing is installed but Python."""
    compared: bool = True
    """Whether a uv.lock is compared with its project; only code could tell where this is False."""

    @property
    def reads_tree(self) -> bool:
        """Whether more of the commit goes in than what is mounted."""
        return bool(self.own) or self.post_build is not None


@dataclass(frozen=True, slots=True)
class Impossible:
    message: str


def decide(
    source: Source, contents: Mapping[str, bytes], is_there: Callable[[str], bool]
) -> Recipe | Impossible:
    """``contents``: of the source's file, of those beside it and of its pyproject.toml."""
    try:
        text = contents.get(source.path, b"").decode("utf-8-sig")
    except UnicodeDecodeError:
        return Impossible(f"{source.path} is not UTF-8 text; save it as UTF-8")
    kind = kind_of(source.path)
    match kind:
        case Kind.UV_LOCK:
            recipe = _of_uv(source, text, _text(contents, f"{source.folder}pyproject.toml"))
        case Kind.REQUIREMENTS:
            recipe = _of_requirements(source, text)
        case Kind.PYPROJECT:
            recipe = _of_pyproject(source, text)
        case Kind.PIXI_LOCK:
            recipe = _of_pixi(source, is_there)
        case Kind.CONDA_LOCK:
            recipe = Recipe(source, kind, (source.path,))
        case Kind.CONDA:
            recipe = Recipe(source, kind, (source.path,), weak=f"{source.path} is solved anew each time")
        case _:
            recipe = Recipe(source, kind, weak=f"{source.path} pins nothing", empty=True)
    if isinstance(recipe, Impossible):
        return recipe
    recipe = _with_rees(recipe, contents)
    strange = next(filter(_is_strange, (*recipe.mounted, *recipe.own, recipe.post_build or "")), None)
    if strange is not None:
        return Impossible(f"the path {strange!r} cannot be written into a Dockerfile; rename it")
    package = next((name for name in recipe.apt if not _PACKAGE.fullmatch(name)), None)
    if package is not None:
        return Impossible(f"apt.txt names {package[:60]!r}, which is no package; write one name on each line")
    return recipe


def _is_strange(path: str) -> bool:
    return bool(path) and _PLAIN.fullmatch(path) is None


def _text(contents: Mapping[str, bytes], path: str) -> str:
    return contents.get(path, b"").decode("utf-8", errors="replace")


def _inside(folder: str, name: str) -> str | None:
    """A path from the root; None when it leads out of the tree."""
    path = posixpath.normpath(posixpath.join(folder, name))
    return None if path.startswith(("../", "/")) or path == ".." else path


def _of_uv(source: Source, text: str, pyproject: str) -> Recipe | Impossible:
    try:
        project = uv_project.read(text, pyproject)
    except ValueError:
        return Impossible(f"{source.path} is no lock file that can be read; run `uv lock` and commit it")
    named = [(name, _inside(source.folder, name)) for name in (*project.own, *project.folders)]
    outside = next((name for name, path in named if path is None), None)
    if outside is not None:
        return Impossible(f"{source.path} names {outside}, which is not in this repository; commit it")
    paths = [path for _, path in named if path is not None]
    own = paths[: len(project.own)]
    check = "--locked" if project.compared and not project.dynamic else "--frozen"
    unchecked = f"{source.path} was not compared with the project, whose dependencies are dynamic"
    files = (f"{source.folder}pyproject.toml", source.path, *paths[len(own) :])
    weak = unchecked if project.dynamic else None
    options = (check, "--no-install-local", "--no-install-project")
    return Recipe(source, Kind.UV_LOCK, files, tuple(own), options, weak=weak, compared=not project.dynamic)


def _of_requirements(source: Source, text: str) -> Recipe | Impossible:
    here = f"{PROJECT}/{source.folder}".rstrip("/")
    parsed = requirement_file.parse(text, source.path, tree=here)
    if isinstance(parsed, Unusable):
        return Impossible(parsed.message)
    named = [(name, _inside(source.folder, name)) for name in (*parsed.own, *parsed.folders)]
    outside = next((name for name, path in named if path is None), None)
    if outside is not None:
        return Impossible(f"{source.path} names {outside}, which is not in this repository; commit it")
    paths = [path for _, path in named if path is not None]
    return Recipe(
        source,
        Kind.REQUIREMENTS,
        (source.path, *paths[len(parsed.own) :]),
        tuple(paths[: len(parsed.own)]),
        ("--require-hashes",) if parsed.hashed and parsed.names else (),
        rewritten=parsed.lines if parsed.own or parsed.folders else (),
        weak=None if parsed.hashed else f"{source.path} has {pins.NO_HASHES.removeprefix('it has ')}",
        names=parsed.names,
        empty=not parsed.names,
    )


def _of_pyproject(source: Source, text: str) -> Recipe:
    folder = source.folder.rstrip("/") or "."
    own = (folder,) if uv_project.is_package(text) else ()
    dynamic = uv_project.is_dynamic(text)
    weak = f"{source.path} pins nothing, so another day may install something else"
    return Recipe(source, Kind.PYPROJECT, (source.path,), own, weak=weak, empty=dynamic)


def _of_pixi(source: Source, is_there: Callable[[str], bool]) -> Recipe | Impossible:
    manifests = (f"{source.folder}pixi.toml", f"{source.folder}pyproject.toml")
    manifest = next(filter(is_there, manifests), None)
    if manifest is None:
        return Impossible(f"{source.path} stands without pixi.toml or pyproject.toml; commit that too")
    return Recipe(source, Kind.PIXI_LOCK, (manifest, source.path), options=("--locked",))


def _with_rees(recipe: Recipe, contents: Mapping[str, bytes]) -> Recipe:
    taking_part = (recipe.source.path, *recipe.source.beside)
    apt = next((path for path in taking_part if path.rpartition("/")[2] == "apt.txt"), None)
    script = next((path for path in taking_part if path.rpartition("/")[2] == "postBuild"), None)
    if apt is None and script is None:
        return recipe
    lines = (line.partition("#")[0].split() for line in _text(contents, apt or "").splitlines())
    packages = tuple(sorted({word for words in lines for word in words}))
    ran = f"{script} installs what it likes"
    loose = "; ".join(filter(None, (recipe.weak, apt and f"{apt} names no versions", script and ran)))
    return replace(recipe, apt=packages, post_build=script, weak=loose)


def weakness(recipe: Recipe, packages: Mapping[str, str]) -> str | None:
    """Without hashes also dependencies of dependencies may have slipped in unpinned."""
    if recipe.weak is None or recipe.names is None:
        return recipe.weak
    loose = sorted(name for name in packages if normalised(name) not in recipe.names)
    return f"{recipe.weak}; not pinned at all: {', '.join(loose)}" if loose else recipe.weak
