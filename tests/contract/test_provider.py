"""What every Provider promises; the fake and the real one alike."""

from pathlib import Path

import pytest
from tests import jobs
from tests.fakes.provider import FakeProvider

from reprise.adapters.process.provider import ProcessProvider
from reprise.domain.run import Reason, RunId
from reprise.ports import Allocation, Failed, Provider

ONE, TWO = RunId("run-1"), RunId("run-2")


@pytest.fixture(params=["fake", "process"])
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Provider:
    if request.param == "fake":
        return FakeProvider(tmp_path, cpus=2)
    return ProcessProvider(tmp_path, cpus=2)


def test_request_gives_a_folder_and_all_cores(provider: Provider) -> None:
    provider.request(ONE, jobs.spec())

    seen = provider.observe(ONE)

    assert isinstance(seen, Allocation)
    assert Path(seen.folder).is_dir()
    assert seen.cpus == 2


def test_declared_cores_are_granted_exactly(provider: Provider) -> None:
    provider.request(ONE, jobs.spec(cpus=1))

    seen = provider.observe(ONE)

    assert isinstance(seen, Allocation)
    assert seen.cpus == 1


def test_repeated_request_keeps_what_is_there(provider: Provider) -> None:
    provider.request(ONE, jobs.spec())
    first = provider.observe(ONE)
    assert isinstance(first, Allocation)
    (Path(first.folder) / "kept").touch()

    provider.request(ONE, jobs.spec())

    assert provider.observe(ONE) == first
    assert (Path(first.folder) / "kept").exists()


def test_more_cores_than_there_are_is_no_capacity(provider: Provider) -> None:
    provider.request(ONE, jobs.spec(cpus=64))

    seen = provider.observe(ONE)

    assert isinstance(seen, Failed)
    assert seen.reason is Reason.NO_CAPACITY
    assert "64 cores" in seen.message


def test_more_gpus_than_there_are_is_no_capacity(provider: Provider) -> None:
    provider.request(ONE, jobs.spec(gpus=64))

    seen = provider.observe(ONE)

    assert isinstance(seen, Failed)
    assert seen.reason is Reason.NO_CAPACITY
    assert "64 GPUs" in seen.message


def test_release_gives_back_only_that_run(provider: Provider) -> None:
    for run_id in (ONE, TWO):
        provider.request(run_id, jobs.spec())
    seen = provider.observe(ONE)
    assert isinstance(seen, Allocation)
    assert provider.owned() == (ONE, TWO)

    provider.release(ONE)
    provider.release(ONE)

    assert provider.owned() == (TWO,)
    assert not Path(seen.folder).exists()
    assert isinstance(provider.observe(ONE), Failed)
    assert isinstance(provider.observe(TWO), Allocation)


def test_nothing_is_owned_at_first(provider: Provider) -> None:
    assert provider.owned() == ()
