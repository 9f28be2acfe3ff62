"""The project itself, installed per commit beside the shared environment. Called by builder.py.

Not editable: the layer is what the commit builds, and a trial that changes its own tree does not
change it. It lies beside the tree, in the run's folder, and is reached through PYTHONPATH.
"""

import json
import secrets
import shutil
from pathlib import Path

from reprise import removal
from reprise.adapters.process import frozen, troubles
from reprise.adapters.process.environments import Environment
from reprise.adapters.process.installer import Installer, Job
from reprise.adapters.process.quarters import interpreter_of
from reprise.adapters.process.workshop import Bench
from reprise.domain.run import Reason
from reprise.ports import Failed

VERSION_WITHOUT_GIT = {"SETUPTOOLS_SCM_PRETEND_VERSION": "0+reprise", "PDM_BUILD_SCM_VERSION": "0+reprise"}
"""Trees have no ``.git``; builds that ask it for a version would fail over nothing."""


def ensure(
    tree: Path, own: tuple[Path, ...], environment: Environment, *, installer: Installer, job: Job
) -> Path | Failed | None:
    """The layer's folder, None when nothing of the repository is a package. Safe to repeat."""
    if not own:
        return None
    layer, marker = tree.parent / "layer", tree.parent / "layer.json"
    described = json.dumps({"environment": str(environment.folder), "own": [str(path) for path in own]})
    if marker.exists() and layer.is_dir() and marker.read_text() == described:
        job.say("the project was built before")
        return layer
    for leftover in (marker, layer, *tree.parent.glob("layer-*")):
        removal.remove_tree(leftover)
    # A new name each time: uv remembers what it built by path.
    working = tree.parent / f"layer-{secrets.token_hex(8)}"
    try:
        failed = _install(tree, own, environment, working, installer=installer, job=job)
        if failed is not None:
            return failed
        (working / "installed").rename(layer)
        frozen.close(layer)
    finally:
        removal.remove_tree(working)
    marker.write_text(described)
    return layer


def _install(
    tree: Path,
    own: tuple[Path, ...],
    environment: Environment,
    working: Path,
    *,
    installer: Installer,
    job: Job,
) -> Failed | None:
    """In a copy, because builds leave files behind and the tree is what trials start from."""
    job.say(f"the project is built: {', '.join(str(path) for path in own)}")
    source = working / "source"
    shutil.copytree(tree, source, symlinks=True)
    ran = installer.run_strangers(
        job,
        Bench((working,), (environment.folder, *interpreter_of(environment.folder))),
        *("pip", "install", "--no-deps", "--compile-bytecode", "--python", str(environment.python)),
        *("--target", str(working / "installed")),
        *(str(source / path) for path in own),
        extra=VERSION_WITHOUT_GIT,
    )
    if isinstance(ran, Failed):
        return Failed(
            Reason.BUILD_FAILED if ran.reason is Reason.ENVIRONMENT_FAILED else ran.reason,
            ran.message,
            ran.detail,
        )
    if ran.code != 0:
        return troubles.explain(ran.output, what="the project could not be built", fault=Reason.BUILD_FAILED)
    return None
