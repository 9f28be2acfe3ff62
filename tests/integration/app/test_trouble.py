"""An App whose forge fails in every way in which servers and networks do doubles nothing and loses nothing.

Whoever gets no answer asks again as the engine does, that is, without knowing what became of the first call.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest
from tests.contract.forges import AdapterWorld, LoopbackForge
from tests.faulty import FAULTS, Faulty, answering, failing, faulty, first

from reprise.adapters.github.api import GitHubForge
from reprise.domain.check import Annotation, Check, CheckState, Conclusion
from reprise.domain.errors import Retryable
from reprise.domain.forge import OnPullRequest, State, Status
from reprise.domain.run import RunId

PATIENCE = 4.0
"""Seconds that the adapter waits for one answer here."""
LIMITS = {
    "403 with a time": answering("403 Forbidden", '{"message": "secondary rate limit"}', "Retry-After: 30"),
    "403 without": answering("403 Forbidden", '{"message": "You have exceeded a secondary rate limit"}'),
    "429 with a time": answering("429 Too Many Requests", "{}", "Retry-After: 30"),
    "429 without": answering("429 Too Many Requests", "{}"),
}


class Clock:
    """Limits end by this one."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(loopback: LoopbackForge, url: str, *, clock: Callable[[], float] | None = None) -> GitHubForge:
    clocks = {"monotonic": clock} if clock is not None else {}
    credentials = loopback.credentials
    return GitHubForge(f"{url}/api/v3", credentials, timeout=PATIENCE, write_spacing=0, **clocks)


@pytest.fixture
def forge(loopback: LoopbackForge, between: Faulty) -> Iterator[GitHubForge]:
    made = opened(loopback, between.url)
    yield made
    made.close()


def running(world: AdapterWorld, run_id: str = "r1") -> Check:
    return Check(
        "reprise/wine", world.tagged, RunId(run_id), CheckState.IN_PROGRESS, None, "running", "so far"
    )


def ended(world: AdapterWorld, run_id: str = "r1") -> Check:
    return replace(
        running(world, run_id),
        state=CheckState.COMPLETED,
        conclusion=Conclusion.FAILURE,
        title="the spec cannot be used",
        annotations=(Annotation("reprise.yaml", 3, 5, "unknown key"),),
    )


def test_whatever_becomes_of_an_answer_each_run_has_one_check_with_its_marks_once(
    loopback: LoopbackForge, world: AdapterWorld
) -> None:
    """All faults at once, because most of it is waiting; a run for each."""

    def meet(name: str) -> None:
        clock = Clock()
        with faulty(loopback.running.url) as between:
            forge = opened(loopback, between.url, clock=clock)
            # What is asked before is not what this is about.
            _until(lambda: forge.permission(world.repository, "ada"))
            for verb, check in (("POST", running(world, name)), ("PATCH", ended(world, name))):
                met = between.misbehave(FAULTS[name], on=f"{verb} /api/v3/repos")
                with suppress(Retryable):
                    forge.put_check(world.repository, check, None)
                assert len(met.hits) == 1, "neither may be sent again without a look"
                between.heal_all()
                clock.now += 3600
                _until(partial(forge.put_check, world.repository, check, None))
            forge.close()

    _together([partial(meet, name) for name in FAULTS], seconds=150)
    said = "completed", "the spec cannot be used", (("reprise.yaml", 3, 5, "failure", None, "unknown key"),)
    found = [
        (each.run_id, (each.status, each.title, each.annotations)) for each in world.checks(world.tagged)
    ]
    assert sorted(found) == sorted((name, said) for name in FAULTS)


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_holds_for_every_call_and_ends(
    loopback: LoopbackForge, between: Faulty, world: AdapterWorld, name: str
) -> None:
    clock = Clock()
    forge = opened(loopback, between.url, clock=clock)
    forge.permission(world.repository, "ada")
    between.misbehave(LIMITS[name], on="check-runs")
    with pytest.raises(Retryable, match="GitHub limits our calls") as met:
        forge.put_check(world.repository, running(world), None)
    assert met.value.after == (30 if "with a time" in name else 60)
    between.heal_all()
    asked = len(between.asked)
    clock.now += met.value.after - 1
    with pytest.raises(Retryable, match="GitHub limits our calls") as told:
        forge.statuses(world.repository, world.tagged)
    assert told.value.after == pytest.approx(1)
    assert len(between.asked) == asked, "nobody was asked"
    clock.now += 1
    assert forge.put_check(world.repository, running(world), None) is not None
    assert len(world.checks(world.tagged)) == 1
    forge.close()


def test_a_token_that_expired_is_replaced_and_nothing_is_written_twice(
    between: Faulty, world: AdapterWorld, forge: GitHubForge
) -> None:
    made = forge.put_check(world.repository, running(world), None)
    expired = first(1, answering("401 Unauthorized", '{"message": "Bad credentials"}'))
    between.misbehave(expired, on="check-runs")
    assert forge.put_check(world.repository, ended(world), made) == made
    minted = [each for each in between.asked if each.endswith("/access_tokens")]
    assert len(minted) == 2
    assert [each.status for each in world.checks(world.tagged)] == ["completed"]


def test_eight_threads_whose_answers_are_lost_double_nothing_and_lose_nothing(
    between: Faulty, world: AdapterWorld, forge: GitHubForge
) -> None:
    """Each has a run, a comment and a status of its own; some first writes fail after their effect."""
    for on in ("POST /api/v3/repos", "PATCH /api/v3/repos"):
        between.misbehave(first(4, failing("502 Bad Gateway")), on=on)

    def work(number: int) -> None:
        run = f"r{number}"
        place = OnPullRequest(1)
        marker = f"<!-- reprise:{number} -->"
        status = Status(f"reprise/{number}", State.SUCCESS, "reproduced", None)
        for check in (running(world, run), ended(world, run)):
            _until(partial(forge.put_check, world.repository, check, None))
        for text in ("running", "reproduced"):
            put = partial(forge.put_comment, world.repository, place, marker=marker, known_id=None)
            _until(partial(put, body=f"{marker}\n{text}"))
        _until(lambda: _tell(forge, world, status))

    _together([partial(work, number) for number in range(8)], seconds=60)
    checks = world.checks(world.tagged)
    assert sorted(each.run_id for each in checks) == [f"r{number}" for number in range(8)]
    assert {(each.status, len(each.annotations)) for each in checks} == {("completed", 1)}
    bodies = [body for _, _, body in world.comments(OnPullRequest(1))]
    assert sorted(bodies) == [f"<!-- reprise:{number} -->\nreproduced" for number in range(8)]
    assert len(forge.statuses(world.repository, world.tagged)) == world.posted(world.tagged) == 8


def _tell(forge: GitHubForge, world: AdapterWorld, status: Status) -> None:
    """As the engine does: what stands there is looked at first."""
    if status not in forge.statuses(world.repository, world.tagged).values():
        forge.post_status(world.repository, world.tagged, status)


def _until(call: Callable[[], object], times: int = 12) -> None:
    """On a busy machine an answer can take longer than the patience that is set here."""
    for _ in range(times):
        try:
            call()
        except Retryable:
            continue
        return
    raise AssertionError(f"no answer in {times} attempts")


def _together(work: Sequence[Callable[[], None]], *, seconds: float) -> None:
    threads = [threading.Thread(target=each, daemon=True) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive()
