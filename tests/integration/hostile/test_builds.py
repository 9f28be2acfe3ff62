"""A stranger's build script sees no more than a trial, keeps its network and cannot spoil what others use."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import jobs, packages

from reprise.adapters.process.builder import ProcessBuilder
from reprise.adapters.process.isolation import Isolation, Possible, decide
from reprise.adapters.process.quarters import Quarters
from reprise.adapters.process.runner import ProcessRunner
from reprise.domain.run import Reason
from reprise.domain.spec.model import Network
from reprise.ports import BuildRequest, Built, Failed


@pytest.fixture
def tree(state: Path) -> Path:
    folder = state / "builds" / "run-1" / "tree"
    folder.mkdir(parents=True)
    return folder


def build(
    state: Path, tree: Path, quarters: Quarters, network: Network = Network.FETCH_ONLY
) -> Built | Failed:
    builder = ProcessBuilder(uv=packages.UV, cache=state / "cache", system=packages.SYSTEM, quarters=quarters)
    return builder.build(BuildRequest(jobs.RUN_ID, tree, jobs.spec(network=network), state / "build.log"))


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_build_script_reads_no_secret_and_reaches_the_network(
    state: Path, tree: Path, quarters: Quarters, port: int, apart: Isolation
) -> None:
    (state / "token").write_text("secret")
    spy = (
        "import os, socket\n"
        f"socket.create_connection(('127.0.0.1', {port}), 2).close()\n"
        f"seen = os.path.exists({str(state / 'token')!r}), os.path.exists('/proc/{os.getpid()}/environ')\n"
        "open('paper.py', 'w').write(f'SEEN = {seen}')\n"
    )
    packages.uv_project(tree, package=True, files={"backend.py": spy + packages.BACKEND})

    built = build(state, tree, quarters)

    assert isinstance(built, Built), (built, (state / "build.log").read_text())
    assert built.layer is not None
    assert (Path(built.layer) / "paper.py").read_text() == "SEEN = (False, False)"
    assert Path(built.location).stat().st_uid == (state / "cache").stat().st_uid
    assert built.packages == {"tinyone": "1.0"}


def test_nothing_is_built_or_run_where_a_held_credential_could_be_read(state: Path, tree: Path) -> None:
    refused = "Operation not permitted"
    possible = Possible(root=False, chroot=True, uid=refused, mounts=refused, network=refused)
    packages.hashed_project(tree)
    quarters = Quarters(decide(possible, credentials=("a token for api.github.com",)), (state,))

    failed = build(state, tree, quarters)

    assert isinstance(failed, Failed)
    assert failed.reason is Reason.REFUSED
    assert "a token for api.github.com" in failed.message
    assert "REPRISE_PROCESS__ALLOW_UNISOLATED" in failed.message
    assert not list((state / "cache" / "environments").iterdir())


def test_nothing_is_built_or_run_for_a_network_that_the_operator_forbids(state: Path, tree: Path) -> None:
    packages.hashed_project(tree)
    quarters = Quarters(Isolation(may_open_network=False), (state,))

    failed = build(state, tree, quarters, Network.OPEN)

    assert isinstance(failed, Failed)
    assert failed.reason is Reason.REFUSED
    assert "`environment.network: open`" in failed.message
    job = jobs.job(state, jobs.spec(network=Network.OPEN))
    assert ProcessRunner(quarters=quarters).start(job) == failed
    assert not list((state / "cache" / "environments").iterdir())
    assert isinstance(build(state, tree, quarters), Built)
