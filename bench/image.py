"""How long images take: an unchanged key, a change of the code alone, and what is added to a plain build.

Needs root: Docker Engine, BuildKit and registry are the tests' own, started here.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests import jobs, packages
from tests.integration.docker.box import Box, opened

from bench.printed import Bar, Part, number, numbers
from reprise.adapters.images.builder import ImageBuilder
from reprise.domain.images.written import Bases
from reprise.domain.run import RunId
from reprise.domain.spec.model import EnvironmentRule, Network
from reprise.ports import BuildRequest, Built

ROUNDS = 5
PLAIN_ROUNDS = 5
_SECONDS = 300
_MEGABYTES = 64
_DOCKERFILE = """\
FROM {base}
RUN python3 -c "import hashlib; [hashlib.sha256(bytes(10**8)).digest() for _ in range({work})]" && echo {mark}
RUN head -c {bytes} /dev/urandom > /data
COPY . /work
"""
_WORK = 60
"""Hashes of 100 MB each: a build that takes about twenty seconds, a short one of its kind."""


def measure() -> Part:
    with opened() as box, tempfile.TemporaryDirectory(prefix="reprise-bench-") as name:
        if isinstance(box, str):
            raise SystemExit(box)
        return _measured(box, Path(name))


def _measured(box: Box, folder: Path) -> Part:
    images = _builder(box, folder / "cache")
    _project(folder / "first", 0)
    images_first = _timed(lambda: _build(images, folder / "first"))
    unchanged, changed = [], []
    for number_ in range(1, ROUNDS + 1):
        tree = folder / f"changed-{number_}"
        _project(tree, number_)
        changed.append(_timed(lambda tree=tree: _build(images, tree)))
        _project(folder / f"same-{number_}", number_)
        unchanged.append(_timed(lambda n=number_: _build(images, folder / f"same-{n}")))
    ours, plain = [], []
    for round_ in range(PLAIN_ROUNDS):
        for whose in ("ours", "plain") if round_ % 2 else ("plain", "ours"):
            tree = _dockerfile(box, folder / f"{whose}-{round_}")
            if whose == "ours":
                ours.append(_timed(lambda tree=tree: _build(images, tree)))
            else:
                plain.append(_timed(lambda tree=tree, n=round_: _plainly(box, tree, f"plain:{n}")))
    images.close()
    return told(images_first, unchanged, changed, ours, plain)


def told(
    first: float, unchanged: list[float], changed: list[float], ours: list[float], plain: list[float]
) -> Part:
    ratios = [own / other - 1 for own, other in zip(ours, plain, strict=True)]
    bars = (
        Bar("image, unchanged key", median(unchanged), at_most=2.0, unit=" s"),
        Bar("image, only the code changed", median(changed), at_most=10.0, unit=" s"),
        Bar("what is added to a plain build", 100 * median(ratios), at_most=5.0, unit=" %"),
    )
    rows = (
        ("first build of the project", number(first), number(first)),
        ("unchanged key", number(median(unchanged)), numbers(unchanged)),
        ("only the code changed", number(median(changed)), numbers(changed)),
        ("a Dockerfile, by Reprise", number(median(ours)), numbers(ours)),
        ("the same, by BuildKit alone", number(median(plain)), numbers(plain)),
    )
    note = (
        "The project is a package with a uv.lock. The Dockerfile computes, writes "
        f"{_MEGABYTES} MB and copies the context; nothing of it is cached. Both push to the same registry; "
        "Reprise also looks up the base, dates every file, and reads what is installed."
    )
    return Part("image", "Images", bars, ("seconds", "median", "each round"), rows, (note,))


def _builder(box: Box, cache: Path) -> ImageBuilder:
    return ImageBuilder(
        cache=cache,
        uv=packages.UV,
        buildkit=box.buildkit,
        registry=f"{box.registry}/bench",
        bases=Bases(python=box.base),
        python="3.11",
        system={"PATH": f"{box.buildctl.parent}:{os.environ['PATH']}", "HOME": str(cache)},
    )


def _project(folder: Path, which: int) -> None:
    packages.uv_project(folder / "tree", package=True, files={"paper.py": f"WHICH = {which}\n"})


def _dockerfile(box: Box, folder: Path) -> Path:
    (folder / "tree").mkdir(parents=True)
    text = _DOCKERFILE.format(base=box.base, work=_WORK, mark=folder.name, bytes=_MEGABYTES * 10**6)
    (folder / "tree" / "Dockerfile").write_text(text)
    return folder


def _build(images: ImageBuilder, folder: Path) -> None:
    spec = replace(jobs.spec(), environment=EnvironmentRule(None, None, Network.FETCH_ONLY))
    committed = datetime(2025, 6, 1, tzinfo=UTC)
    log = folder / "log" / "build.log"
    result = images.build(BuildRequest(RunId("bench"), folder / "tree", spec, log, committed_at=committed))
    if not isinstance(result, Built):
        raise SystemExit(f"{result.message}\n{result.detail}")


def _plainly(box: Box, folder: Path, name: str) -> None:
    facts = folder / "facts.json"
    command = [
        *(str(box.buildctl), "--addr", box.buildkit, "build", "--frontend", "dockerfile.v0"),
        *("--local", f"context={folder}/tree", "--local", f"dockerfile={folder}/tree"),
        *("--metadata-file", str(facts)),
        *("--output", f"type=image,name={box.registry}/{name},push=true"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0 or "containerimage.digest" not in json.loads(facts.read_text()):
        raise SystemExit(f"a plain build failed:\n{done.stderr}")


def _timed(work: Callable[[], None]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun
