"""One build however many ask, and nothing half however it ends: with a real BuildKit."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import which

import pytest
from tests import packages
from tests.integration.docker.box import Box
from tests.integration.docker.imaging import asked, builder, built, failed, system
from tests.repositories import write_files

from reprise.adapters.images.builder import ImageBuilder
from reprise.adapters.images.storage import ImageStorage
from reprise.domain.images.written import Bases
from reprise.domain.retention import Kind
from reprise.domain.run import Reason
from reprise.ports import Built, Failed

PROJECT = Path(__file__).parents[3]
CONTROLLER = """
import sys
from pathlib import Path
from tests.integration.docker.box import read_facts
from tests.integration.docker.imaging import asked, builder
box = read_facts(sys.argv[1].encode())
builder(box, Path(sys.argv[2])).build(asked(Path(sys.argv[3])))
"""


def slow(box: Box, tree: Path, seconds: int, mark: str) -> Path:
    text = f"FROM {box.base}\nRUN echo begun-{mark} && sleep {seconds} && echo ended-{mark}\n"
    write_files(tree, {"Dockerfile": text})
    return tree


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def says(log: Path, words: str) -> bool:
    """As output: the command itself is shown too."""
    return log.exists() and any(line.rstrip().endswith(f" {words}") for line in log.read_text().splitlines())


def test_ten_that_ask_together_get_one_build_and_see_its_log(box: Box, tmp_path: Path) -> None:
    builders = [builder(box, tmp_path / "cache", name="ten") for _ in range(2)]
    requests = [asked(slow(box, tmp_path / str(n) / "tree", 3, "ten")) for n in range(10)]
    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(lambda n: builders[n % 2].build(requests[n]), range(10)))
    assert results == [built(results[0])] * 10
    logs = [request.log.read_text() for request in requests]
    assert sum("built meanwhile" in log for log in logs) == 9
    assert all(says(request.log, "ended-ten") for request in requests)


def test_an_unchanged_key_is_not_built_again(box: Box, tmp_path: Path) -> None:
    images = builder(box, tmp_path / "cache", name="twice")
    first = built(images.build(asked(slow(box, tmp_path / "one" / "tree", 0, "twice"))))
    request = asked(slow(box, tmp_path / "two" / "tree", 0, "twice"))
    begun = time.monotonic()
    assert built(images.build(request)) == first
    assert time.monotonic() - begun < 2
    assert not says(request.log, "begun-twice")


def facts(box: Box) -> str:
    names = ("folder", "docker_host", "buildkit", "registry", "base", "bare", "buildctl", "buildx")
    return json.dumps({name: str(getattr(box, name)) for name in names})


def test_a_controller_that_is_killed_leaves_nothing_half(box: Box, tmp_path: Path) -> None:
    tree = slow(box, tmp_path / "run" / "tree", 4, "killed")
    request = asked(tree)
    command = [sys.executable, "-c", CONTROLLER, facts(box), str(tmp_path / "cache"), str(tree)]
    controller = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    try:
        until(lambda: says(request.log, "begun-killed"))
    finally:
        controller.send_signal(signal.SIGKILL)
        controller.wait(30)
    images = builder(box, tmp_path / "cache")
    again = replace(request, log=tmp_path / "again" / "build.log")
    result = built(images.build(again))
    assert says(again.log, "ended-killed")
    storage = ImageStorage(tmp_path / "cache", images.place)
    leftovers = [item for item in storage.kept() if item.kind is Kind.LEFTOVER]
    assert len(leftovers) == 1
    assert storage.remove(leftovers[0])
    assert [item.name for item in storage.kept()] == [result.key]


@contextmanager
def own_buildkit(box: Box, folder: Path) -> Iterator[tuple[str, Callable[[], subprocess.Popen[bytes]]]]:
    """Its address, and how to start it; whatever still runs at the end is ended."""
    folder.mkdir()
    text = (box.folder / "buildkitd.toml").read_text()
    settings = folder / "buildkitd.toml"
    settings.write_text(
        text.replace(f"{box.folder}/buildkit.sock", f"{folder}/b.sock").replace(
            f"{box.folder}/buildkit", f"{folder}/buildkit"
        )
    )
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        (folder / "b.sock").unlink(missing_ok=True)
        program = box.buildctl.with_name("buildkitd")
        with (folder / "log").open("ab") as log:
            daemon = subprocess.Popen([program, "--config", settings], stdout=log, stderr=log)
        running.append(daemon)
        until(lambda: answers(box, f"unix://{folder}/b.sock"), 30)
        return daemon

    try:
        yield f"unix://{folder}/b.sock", start
    finally:
        for daemon in running:
            if daemon.poll() is None:
                daemon.terminate()
                daemon.wait(30)


def answers(box: Box, address: str) -> bool:
    command = [str(box.buildctl), "--addr", address, "--timeout", "5", "debug", "workers"]
    return subprocess.run(command, capture_output=True, timeout=20).returncode == 0


def on(box: Box, cache: Path, address: str, **variables: str) -> ImageBuilder:
    return ImageBuilder(
        cache=cache,
        uv=packages.UV,
        buildkit=address,
        registry=f"{box.registry}/own",
        python="3.11",
        timeout=timedelta(minutes=5),
        system=system(box, variables),
    )


def test_a_buildkit_that_is_killed_leaves_nothing_half(box: Box, tmp_path: Path) -> None:
    request = asked(slow(box, tmp_path / "run" / "tree", 4, "daemon"))
    with own_buildkit(box, box.folder / "own") as (address, start):
        daemon = start()
        images = on(box, tmp_path / "cache", address)
        results: list[Built | Failed] = []
        thread = threading.Thread(target=lambda: results.append(images.build(request)))
        thread.start()
        until(lambda: says(request.log, "begun-daemon"))
        daemon.send_signal(signal.SIGKILL)
        daemon.wait(30)
        thread.join(60)
        assert failed(results[0]).reason is Reason.INFRASTRUCTURE
        assert "BuildKit stopped while it built" in failed(results[0]).message
        without = failed(images.build(request))
        assert "start it, or correct REPRISE_IMAGES__BUILDKIT" in without.message
        start()
        assert built(images.build(request)).image is not None


def test_a_build_that_nobody_wants_any_more_is_ended(box: Box, tmp_path: Path) -> None:
    request = asked(slow(box, tmp_path / "run" / "tree", 60, "unwanted"))
    request = replace(request, stopping=lambda: says(request.log, "begun-unwanted"))
    begun = time.monotonic()
    result = failed(builder(box, tmp_path / "cache").build(request))
    assert result.reason is Reason.CANCELLED
    assert time.monotonic() - begun < 30


def test_closing_ends_what_goes_on(box: Box, tmp_path: Path) -> None:
    images = builder(box, tmp_path / "cache")
    request = asked(slow(box, tmp_path / "run" / "tree", 60, "closing"))
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(images.build, request)
        until(lambda: says(request.log, "begun-closing"))
        images.close()
        assert failed(future.result(30)).reason is Reason.INFRASTRUCTURE


def test_an_image_goes_when_nobody_needs_it_and_never_before(box: Box, tmp_path: Path) -> None:
    images = builder(box, tmp_path / "cache", name="goes")
    request = asked(slow(box, tmp_path / "run" / "tree", 0, "goes"))
    result = built(images.build(request))
    storage = ImageStorage(tmp_path / "cache", images.place)
    [item] = storage.kept()
    assert item.needed is not None
    assert item.bytes > 1_000_000
    assert not storage.remove(item)
    for path in (*request.tree.iterdir(), request.log):
        path.unlink()
    request.tree.rmdir()
    [item] = storage.kept()
    assert item.needed == f"{request.log.parent} uses it"  # the verdict's files are still kept
    request.log.parent.rmdir()
    [item] = storage.kept()
    assert item.needed is None
    assert storage.remove(item)
    assert list(storage.kept()) == []
    slow(box, tmp_path / "run" / "tree", 0, "goes")
    assert built(images.build(request)).location == result.location


def test_buildx_builds_the_same(box: Box, tmp_path: Path) -> None:
    docker = which("docker", path=system(box)["PATH"])
    if docker is None:
        pytest.skip("Docker's command line is not installed here")
    variables = {
        "DOCKER_CONFIG": str(box.buildx.parents[1]),
        "BUILDX_CONFIG": str(tmp_path / "buildx"),
        "BUILDX_BUILDER": "there",
    }
    create = [docker, "buildx", "create", "--name", "there", "--driver", "remote", box.buildkit]
    made = subprocess.run(create, env=system(box, variables), capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    packages.hashed_project(tmp_path / "run" / "tree")
    images = ImageBuilder(
        cache=tmp_path / "cache",
        uv=packages.UV,
        registry=f"{box.registry}/buildx",
        bases=Bases(python=box.base),
        python="3.11",
        system=system(box, variables),
    )
    result = built(images.build(asked(tmp_path / "run" / "tree")))
    other = built(builder(box, tmp_path / "other").build(asked(tmp_path / "run" / "tree")))
    assert result.image == other.image
