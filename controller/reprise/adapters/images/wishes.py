"""What a request comes down to: its file, its Dockerfile, its images, and which files count.

Reads the tree and decides; nothing is asked of anybody else, so `reprise plan` can show the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reprise.adapters.images import context
from reprise.domain.image import Kind
from reprise.domain.images import pythons, sources, stages, written
from reprise.domain.images import recipe as recipes
from reprise.domain.images.ignore import Ignore
from reprise.domain.images.instructions import read
from reprise.domain.images.pinned import NEAR
from reprise.domain.images.pythons import Wanted
from reprise.domain.images.recipe import Impossible, Recipe
from reprise.domain.images.sources import Absent, Source
from reprise.domain.images.written import Bases
from reprise.domain.run import Reason
from reprise.domain.spec.model import EnvironmentRule
from reprise.ports import Failed

LIMIT_BYTES = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class Wish:
    kind: Kind
    path: str
    """Of the file that decides, from the root; of a ready image its name."""
    dockerfile: str
    """Empty for a ready image."""
    generated: bool
    images: tuple[str, ...]
    """As they are named: bases, what is copied from, what reads the Dockerfile."""
    syntax: str | None
    files: str
    """Digest of what the build may read."""
    lock_sha256: str
    weak: str | None
    recipe: Recipe | None = None
    python: Wanted | None = None
    """What the image must have, where the spec says so itself."""
    begins_with: Wanted | None = None
    """What a generated Dockerfile begins with, and who asked for that."""
    ignore_file: Path | None = None


def read_wish(tree: Path, rule: EnvironmentRule, bases: Bases, usual: str) -> Wish | Failed:
    """``usual``: the Python where nobody asks for one."""

    def is_there(path: str) -> bool:
        return _is_file(tree, path)

    source = sources.detect(rule, is_there)
    if isinstance(source, Absent):
        return Failed(Reason.LOCK_MISSING, source.message)
    declared = Wanted(rule.python, "environment.python") if rule.python is not None else None
    if source.kind is Kind.IMAGE:
        return _of_image(source, declared, rule.replaced)
    contents = _contents(tree, source)
    if isinstance(contents, Failed):
        return contents
    if source.kind is Kind.DOCKERFILE:
        return _of_dockerfile(tree, source, contents[source.path], declared, rule.replaced)
    recipe = recipes.decide(source, contents, is_there)
    if isinstance(recipe, Impossible):
        return Failed(Reason.LOCK_MISSING, recipe.message)
    wanted = pythons.wanted(rule.python, _texts(contents, source), usual)
    if isinstance(wanted, pythons.Unknown):
        return Failed(Reason.PYTHON_MISSING, wanted.message)
    text = written.dockerfile(recipe, wanted.version, bases, rule.replaced)
    rules = context.ignored(tree, None) if recipe.reads_tree else Ignore()
    if isinstance(rules, str):
        return _bad_pattern(rules)
    whole = context.digest_of_tree(tree, rules) if recipe.reads_tree else ""
    return Wish(
        kind=source.kind,
        path=source.path,
        dockerfile=text,
        generated=True,
        images=_images(text),
        syntax=None,
        files=context.digest_of(tree, recipe.mounted) + whole,
        lock_sha256=hashlib.sha256(contents[source.path]).hexdigest(),
        weak=recipe.weak,
        recipe=recipe,
        python=declared,
        begins_with=wanted,
    )


def _of_image(
    source: Source, declared: Wanted | None, replaced: tuple[tuple[str, str], ...]
) -> Wish | Failed:
    if replaced:
        return _not_replaced("a ready image")
    weak = (
        None
        if "@sha256:" in source.path
        else f"{source.path} names no digest, so it may be another one tomorrow"
    )
    return Wish(Kind.IMAGE, source.path, "", False, (source.path,), None, "", "", weak, python=declared)


def _of_dockerfile(
    tree: Path, source: Source, content: bytes, declared: Wanted | None, replaced: tuple[tuple[str, str], ...]
) -> Wish | Failed:
    if replaced:
        return _not_replaced("a Dockerfile")
    text = content.decode(errors="replace")
    file = read(text)
    found = stages.stages(file)
    if isinstance(found, stages.Unclear):
        return Failed(
            Reason.BUILD_FAILED,
            f"{source.path}:{found.line}: `{found.text}` names an image that only a builder with settings "
            "could know; give its ARG a default value",
        )
    if not found:
        return Failed(
            Reason.BUILD_FAILED, f"{source.path} has no FROM line; begin with an image that has Python"
        )
    rules = context.ignored(tree, tree / source.path)
    if isinstance(rules, str):
        return _bad_pattern(rules)
    syntax = file.directives.get("syntax", "").split(" ")[0] or None
    images = tuple(dict.fromkeys((*stages.bases(found), *((syntax,) if syntax else ()))))
    return Wish(
        kind=source.kind,
        path=source.path,
        dockerfile=text,
        generated=False,
        images=images,
        syntax=syntax,
        files=context.digest_of_tree(tree, rules),
        lock_sha256=hashlib.sha256(content).hexdigest(),
        weak=stages.weakness(source.path, found),
        python=declared,
        ignore_file=(tree / source.path).with_name(f"{Path(source.path).name}{context.IGNORE_FILE}"),
    )


def _images(text: str) -> tuple[str, ...]:
    found = stages.stages(read(text))
    return () if isinstance(found, stages.Unclear) else stages.bases(found)


def _contents(tree: Path, source: Source) -> dict[str, bytes] | Failed:
    """Of the files that decide, where they are there."""
    names = (*NEAR, *source.beside)
    near = (source.folder + name if "/" not in name else name for name in names)
    paths = dict.fromkeys((source.path, *near, ".python-version"))
    found = {}
    for path in filter(lambda each: _is_file(tree, each), paths):
        if (tree / path).stat().st_size > LIMIT_BYTES:
            limit = LIMIT_BYTES // 1024**2
            return Failed(Reason.ENVIRONMENT_FAILED, f"{path} is larger than {limit} MiB; lock less")
        found[path] = (tree / path).read_bytes()
    return found


def _texts(contents: Mapping[str, bytes], source: Source) -> dict[str, str]:
    names = (".python-version", "runtime.txt", "pyproject.toml")
    held = {name: contents.get(source.folder + name, contents.get(name, b"")) for name in names}
    return {name: content.decode(errors="replace") for name, content in held.items()}


def _is_file(tree: Path, path: str) -> bool:
    """A regular file that really lies in the tree."""
    file = tree / path
    return file.is_file() and file.resolve().is_relative_to(tree.resolve())


def _bad_pattern(pattern: str) -> Failed:
    return Failed(Reason.BUILD_FAILED, f".dockerignore: {pattern!r} is no pattern; correct it")


def _not_replaced(what: str) -> Failed:
    return Failed(Reason.REFUSED, f"--vary package=… needs a lock file, and the environment is {what}")
