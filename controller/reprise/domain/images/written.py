"""Writes the Dockerfile of a recipe: equal files give equal text. Pure.

Layers go from what changes least to what changes most: system packages, the locked packages, then whatever is
built from the commit. What is secret is mounted while a command runs and is never part of a layer.
"""

import shlex
from dataclasses import dataclass

from reprise.domain.image import Kind
from reprise.domain.images.recipe import PROJECT, Recipe
from reprise.domain.images.stages import CONTEXT

ENVIRONMENT = "/opt/environment"
PIXI = "/opt/pixi"
SETTINGS = "reprise-settings"
"""Secret: a file of shell assignments with the operator's package index, proxies and certificates."""
CERTIFICATES = "reprise-certificates"
UV_TOML = "reprise-uv"
SECRETS = {
    SETTINGS: "/reprise/settings",
    CERTIFICATES: "/reprise/certificates.pem",
    UV_TOML: "/reprise/uv.toml",
}
"""Where each is mounted."""

_UV = "/reprise/uv"
_NEWLINE = " \\\n    "
_WITHOUT_UV = (Kind.CONDA, Kind.CONDA_LOCK, Kind.PIXI_LOCK)
_QUIET = (
    *("UV_PYTHON_DOWNLOADS=never", "UV_NO_PROGRESS=1", "UV_LINK_MODE=copy", "UV_NO_CACHE=1"),
    "UV_NO_INSTALLER_METADATA=1",  # it holds the times of the very files that were installed from
)
_VERSIONS = ("SETUPTOOLS_SCM_PRETEND_VERSION=0+reprise", "PDM_BUILD_SCM_VERSION=0+reprise")
"""There is no ``.git``; builds that ask it for a version would fail over nothing."""
_FOR_PIP = ("PIP_NO_CACHE_DIR=1", "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_ROOT_USER_ACTION=ignore")
LOST = (
    "what postBuild installs into the environment or the system stays; files that it makes in the repository "
    "or in its home folder do not, because each trial gets both anew"
)
"""Said in the log, before the script runs."""


@dataclass(frozen=True, slots=True)
class Bases:
    """Names of the images that generated Dockerfiles begin with."""

    python: str = "docker.io/library/python:{python}-slim"
    """``{python}`` stands for the version."""
    micromamba: str = "docker.io/mambaorg/micromamba:latest"
    pixi: str = "ghcr.io/prefix-dev/pixi:latest"


def dockerfile(recipe: Recipe, python: str, bases: Bases, replaced: tuple[tuple[str, str], ...] = ()) -> str:
    """``python``: version; ``replaced``: what a variation installs over the locked."""
    blocks = [_head(recipe), *_begin(recipe, python, bases), *_apt(recipe), *_installed(recipe)]
    if recipe.kind not in _WITHOUT_UV:
        blocks += [*_replaced(replaced), *_own(recipe)]
    return "\n".join([*blocks, *_post_build(recipe)]) + "\n"


def _head(recipe: Recipe) -> str:
    files = ", ".join((recipe.source.path, *recipe.source.beside))
    return f"# Written by Reprise from {files}; equal files give equal text."


def _begin(recipe: Recipe, python: str, bases: Bases) -> list[str]:
    path = f"ENV PATH={ENVIRONMENT}/bin:$PATH"
    match recipe.kind:
        case Kind.CONDA | Kind.CONDA_LOCK:
            return [f"FROM {bases.micromamba} AS environment", "USER root", path]
        case Kind.PIXI_LOCK:
            return [f"FROM {bases.pixi} AS environment", f"ENV PATH={PIXI}/.pixi/envs/default/bin:$PATH"]
    return [f"FROM {bases.python.format(python=python)} AS environment", f"{path} VIRTUAL_ENV={ENVIRONMENT}"]


def _apt(recipe: Recipe) -> list[str]:
    if not recipe.apt:
        return []
    names = " ".join(shlex.quote(name) for name in recipe.apt)
    command = (
        f"apt-get update && apt-get install -y --no-install-recommends {names} && rm -rf /var/lib/apt/lists/*"
    )
    return [f"RUN export DEBIAN_FRONTEND=noninteractive && {command}"]


def _installed(recipe: Recipe) -> list[str]:
    here = f"{PROJECT}/{recipe.source.folder}".rstrip("/")
    file = f"{PROJECT}/{recipe.source.path}"
    match recipe.kind:
        case Kind.UV_LOCK:
            command = _uv(
                "sync", *recipe.options, "--compile-bytecode", "--python", "python3", "--project", here
            )
            return [_run(recipe.mounted, f"UV_PROJECT_ENVIRONMENT={ENVIRONMENT} {command}")]
        case Kind.REQUIREMENTS if recipe.rewritten and not recipe.empty:
            lines = [f"COPY <<'REQUIREMENTS' {ENVIRONMENT}.txt", *recipe.rewritten, "REQUIREMENTS"]
            return [
                "\n".join(lines),
                _run(recipe.mounted[1:], _pip(*recipe.options, "-r", f"{ENVIRONMENT}.txt")),
            ]
        case Kind.REQUIREMENTS | Kind.PYPROJECT if not recipe.empty:
            return [_run(recipe.mounted, _pip(*recipe.options, "-r", file))]
        case Kind.CONDA | Kind.CONDA_LOCK:
            return [
                _run(
                    recipe.mounted, f"micromamba create --yes --prefix {ENVIRONMENT} --file {file}", uv=False
                )
            ]
        case Kind.PIXI_LOCK:
            return [
                f"COPY {' '.join(recipe.mounted)} {PIXI}/",
                _run((), f"cd {PIXI} && pixi install {' '.join(recipe.options)}", uv=False),
            ]
    return [_run((), _uv("venv", "--no-project", "--python", "python3", ENVIRONMENT))]


def _replaced(replaced: tuple[tuple[str, str], ...]) -> list[str]:
    if not replaced:
        return []
    pins = [shlex.quote(f"{name}=={version}") for name, version in replaced]
    return [_run((), _into("--no-deps", *pins))]


def _own(recipe: Recipe) -> list[str]:
    """The repository's own packages, from the whole commit; what their builds write elsewhere is dropped."""
    if not recipe.own:
        return []
    if recipe.kind is Kind.UV_LOCK:
        here = f"{PROJECT}/{recipe.source.folder}".rstrip("/")
        check = "--locked" if recipe.compared else "--frozen"
        sync = _uv(
            "sync", check, "--no-editable", "--compile-bytecode", "--python", "python3", "--project", here
        )
        command = f"UV_PROJECT_ENVIRONMENT={ENVIRONMENT} {sync}"
    else:
        folders = (f"{PROJECT}/{folder}".removesuffix("/.") for folder in recipe.own)
        command = _into(*(() if recipe.empty and recipe.kind is Kind.PYPROJECT else ("--no-deps",)), *folders)
    return [_run((), f"{' '.join(_VERSIONS)} {command}", whole=True)]


def _post_build(recipe: Recipe) -> list[str]:
    if recipe.post_build is None:
        return []
    script = f"{PROJECT}/{recipe.post_build}"
    told = f"export {' '.join(_FOR_PIP)} && echo {shlex.quote(LOST)}"
    run = _run((), f"{told}{_NEWLINE}&& cd {PROJECT} && chmod +x {script} && {script}", uv=False, whole=True)
    return [*_with_pip(recipe), run]


def _with_pip(recipe: Recipe) -> list[str]:
    """A uv environment has none; of conda and pixi it is there where their file names it."""
    return [] if recipe.kind in _WITHOUT_UV else [_run((), _into("pip"))]


def _pip(*options: str) -> str:
    made = _uv("venv", "--no-project", "--python", "python3", ENVIRONMENT)
    return f"{made}{_NEWLINE}&& {_into(*options)}"


def _into(*arguments: str) -> str:
    return _uv("pip", "install", "--python", f"{ENVIRONMENT}/bin/python", "--compile-bytecode", *arguments)


def _uv(*arguments: str) -> str:
    return " ".join((_UV, *arguments))


def _run(mounted: tuple[str, ...], command: str, *, uv: bool = True, whole: bool = False) -> str:
    """Bytecode that is checked by nothing: file times of an image are not those of the installation."""
    mounts = [f"--mount=type=bind,source={path},target={PROJECT}/{path}" for path in mounted]
    if whole:
        mounts.append(f"--mount=type=bind,target={PROJECT},rw")
    if uv:
        mounts.append(f"--mount=type=bind,from={CONTEXT},source=uv,target={_UV}")
    mounts += [f"--mount=type=secret,id={name},target={place}" for name, place in SECRETS.items()]
    settings = " ".join((*_QUIET, "PYC_INVALIDATION_MODE=UNCHECKED_HASH")) if uv else ""
    known = f"if [ -f {SECRETS[SETTINGS]} ]; then . {SECRETS[SETTINGS]}; fi"
    before = known + (f" && export {settings}" if settings else "")
    return "RUN " + _NEWLINE.join((*mounts, before, f"&& {command}"))
