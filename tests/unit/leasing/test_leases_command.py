"""``reprise leases`` on a simulated cloud: what it shows, and what it gives back."""

from pathlib import Path

import pytest
from tests.fakes.cloud import unanswered
from tests.leasing.bench import OTHER, RUN, Bench, gpu_spec

from reprise.adapters.chameleon.leasing import Leasing
from reprise.adapters.chameleon.runner import How, NodeRunner
from reprise.domain.errors import UserError
from reprise.leases import Opening, as_object, look, release, render
from reprise.ports import Allocation
from reprise.settings import Settings


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Holds a machine for one run."""
    made = Bench(tmp_path)
    made.provider.request(RUN, gpu_spec())
    assert isinstance(made.until_settled(), Allocation)
    return made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path)


def at(bench: Bench) -> Opening:
    def opening(settings: Settings, state: Path) -> Leasing:
        how = How(state, settings.cache)
        runner = NodeRunner(bench.nodes, lambda run: None, how, here=None)
        return Leasing(bench.provider, runner, bench.memory, tuple(bench.clouds), lambda: None)

    return opening


def test_a_lease_is_listed_with_its_run_and_cost(bench: Bench, settings: Settings) -> None:
    found = look(settings, opening=at(bench))

    (line,) = render(found, explain=False).splitlines()
    assert line.startswith(f"{RUN}  CHI@Fake  active  2026-01-01 00:00 UTC to ")
    assert line.endswith("of a run that is not known here")


def test_what_is_explained_says_how_to_log_in(bench: Bench, settings: Settings) -> None:
    found = look(settings, only=[RUN], opening=at(bench))

    text = render(found, explain=True)

    assert "found to be 1 x Quadro RTX 6000 24 GB" in text
    assert f"ssh -i {bench.memory.key(RUN)} cc@192.0.2.1" in text
    assert "SU for 1 × gpu_rtx_6000 since 2026-01-01 00:00 UTC" in text


def test_a_dry_run_names_all_and_leaves_it(bench: Bench, settings: Settings) -> None:
    said: list[str] = []

    assert release(settings, [RUN], dry_run=True, say=said.append, opening=at(bench))

    assert said == [
        f"would give back lease reprise-{RUN}, server reprise-{RUN}, address 192.0.2.1, "
        f"keypair reprise-{RUN} at CHI@Fake of {RUN}"
    ]
    assert len(bench.cloud.living()) == 1


def test_release_gives_back_what_is_named_and_nothing_else(bench: Bench, settings: Settings) -> None:
    bench.provider.request(OTHER, gpu_spec())
    assert isinstance(bench.until_settled(OTHER), Allocation)
    said: list[str] = []

    assert release(settings, [RUN], dry_run=False, say=said.append, opening=at(bench))

    assert said[-1] == f"{RUN}: all is gone"
    assert [lease.name for lease in bench.cloud.living()] == [f"reprise-{OTHER}"]


def test_release_wants_a_name_that_holds_something(bench: Bench, settings: Settings) -> None:
    with pytest.raises(UserError, match="name the runs"):
        release(settings, [], dry_run=False, say=print, opening=at(bench))
    with pytest.raises(UserError, match=f"nothing is held for {OTHER}"):
        release(settings, [OTHER], dry_run=False, say=print, opening=at(bench))


def test_a_site_that_is_silent_is_said(bench: Bench, settings: Settings) -> None:
    bench.faults.before["leases"] = unanswered()

    found = look(settings, opening=at(bench))

    assert as_object(found) == {
        "held": [],
        "silent": {"CHI@Fake": "the reservation service of CHI@Fake did not answer within 30 s"},
    }


def test_nothing_leased_is_said_too(tmp_path: Path, settings: Settings) -> None:
    bench = Bench(tmp_path)

    found = look(settings, opening=at(bench))

    assert render(found, explain=False) == "Nothing is leased."
