"""Who may start next: the rule itself, on any queue."""

from collections import Counter, deque
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.queue import BACKFILL, RECENT, SWEEP, Entry, Limits, decide
from reprise.domain.run import RunId


def entry(number: int, repository: int = 1, who: str = "ada", backend: str = "one") -> Entry:
    return Entry(RunId(f"r{number}"), number, repository, f"lab/{repository}", who, backend)


BACKENDS = ("one", "two")
entries = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["ada", "bob", "eve"]), st.sampled_from(BACKENDS)),
    max_size=30,
).map(lambda made: [entry(number, *fields) for number, fields in enumerate(made)])
limits = st.builds(
    Limits,
    st.fixed_dictionaries({name: st.integers(1, 6) for name in BACKENDS}),
    st.none() | st.integers(1, 3),
    st.none() | st.integers(1, 3),
)


def slots(count: int) -> Limits:
    return Limits({"one": count})


def split(everybody: Sequence[Entry], at: int) -> tuple[list[Entry], list[Entry]]:
    return list(everybody[:at]), list(everybody[at:])


def fits(each: Entry, running: Sequence[Entry], limit: Limits) -> bool:
    repositories = Counter(other.repository_id for other in running)
    users = Counter(other.who for other in running)
    taken = sum(other.backend == each.backend for other in running)
    return (
        taken < limit.slots[each.backend]
        and (limit.per_repository is None or repositories[each.repository_id] < limit.per_repository)
        and (limit.per_user is None or users[each.who] < limit.per_user)
    )


@given(entries, st.integers(0, 8), limits)
def test_no_limit_is_ever_exceeded(everybody: list[Entry], live: int, limit: Limits) -> None:
    busy, waiting = split(everybody, live)
    found = decide(waiting, busy, busy, limit)
    running = list(busy)
    by_id = {each.id: each for each in waiting}
    for run_id in found.granted:
        assert fits(by_id[run_id], running, limit)
        running.append(by_id[run_id])


@given(entries, st.integers(0, 8), limits)
def test_no_slot_stays_empty_while_somebody_could_use_it(
    everybody: list[Entry], live: int, limit: Limits
) -> None:
    busy, waiting = split(everybody, live)
    found = decide(waiting, busy, busy, limit)
    running = [*busy, *(each for each in waiting if each.id in found.granted)]
    left = [each for each in waiting if each.id not in found.granted]
    assert not [each for each in left if fits(each, running, limit)]
    assert all(found.waits[each.id].why for each in left), "somebody waits and is not told why"


@given(entries, st.integers(0, 8), limits)
def test_within_a_repository_and_a_person_the_order_of_arrival_stands(
    everybody: list[Entry], live: int, limit: Limits
) -> None:
    busy, waiting = split(everybody, live)
    found = decide(reversed(waiting), busy, busy, limit)
    order = [each for run_id in found.granted for each in waiting if each.id == run_id]
    for one, other in pairwise(order):
        if (one.repository_id, one.who, one.backend) == (other.repository_id, other.who, other.backend):
            assert one.number < other.number
    places = [found.waits[each.id].place for each in waiting if each.repository_id == 1]
    assert places == sorted(places)
    assert sorted(wait.place for wait in found.waits.values()) == list(range(1, len(waiting) + 1))


@given(entries, limits)
def test_everybody_starts_in_the_end_however_few_slots_there_are(waiting: list[Entry], limit: Limits) -> None:
    left, recent, running = list(waiting), deque[Entry](maxlen=RECENT), deque[Entry]()
    for _ in range(len(waiting)):
        granted = decide(left, list(running), list(recent), limit).granted
        started = [each for each in left if each.id in granted]
        left = [each for each in left if each.id not in granted]
        running.extend(started)
        recent.extend(started)
        running.popleft()  # the one that began first ends
    assert left == []


@given(st.integers(1, 200), st.integers(1, 4))
def test_two_hundred_tags_cost_the_neighbour_one_place(tags: int, count: int) -> None:
    """While the flood is served, a newcomer starts with the next slot that becomes free."""
    flood = [entry(number, 1) for number in range(tags)]
    served, waiting = flood[:count], flood[count:]
    late = entry(1000, 2, "bob")
    found = decide([*waiting, late], served, served, slots(count))
    assert found.waits[late.id].place == 1
    assert decide([*waiting, late], served[1:], served, slots(count)).granted == (late.id,)


def test_a_stream_of_newcomers_does_not_keep_an_old_one_from_its_turn() -> None:
    """One slot, and repository 1 gets a new run after each grant: repository 2 still has its turn."""
    patient = entry(0, 2, "bob")
    recent = deque([entry(-number, 2) for number in range(1, RECENT + 1)], maxlen=RECENT)
    for turn in range(1, 2 * RECENT):
        newcomer = entry(turn, 1)
        (granted,) = decide([patient, newcomer], [], list(recent), slots(1)).granted
        if granted == patient.id:
            return
        recent.append(newcomer)
    raise AssertionError("it never started")


def test_why_a_run_waits_names_its_own_limit_before_the_slots() -> None:
    busy = [entry(1, 1, "ada"), entry(2, 2, "bob")]
    waiting = [entry(3, 1, "eve"), entry(4, 3, "bob"), entry(5, 3, "eve")]
    waits = decide(waiting, busy, busy, Limits({"one": 2}, per_repository=1, per_user=1)).waits
    said = {run_id: wait.why for run_id, wait in waits.items()}
    assert said == {
        "r3": "lab/1 already has 1 run of 1",
        "r4": "bob already has 1 run of 1",
        "r5": "all 2 slots are in use",
    }
    assert str(decide([entry(3)], [entry(1)], [], slots(1)).waits[RunId("r3")]) == (
        "place 1, the only slot is in use"
    )


def test_what_nobody_asked_for_is_no_users() -> None:
    limit = Limits({"one": 4}, per_user=1)
    swept = [entry(number, who=who) for number, who in enumerate((SWEEP, SWEEP, BACKFILL), 1)]
    found = decide([*swept, entry(4), entry(5)], [], [], limit)
    assert found.granted == (RunId("r1"), RunId("r2"), RunId("r3"), RunId("r4"))
    assert found.waits[RunId("r5")].why == "ada already has 1 run of 1"


def test_a_full_backend_lets_those_for_another_pass() -> None:
    busy = [entry(1, 1, backend="one")]
    waiting = [entry(2, 2, backend="one"), entry(3, 2, backend="two")]
    found = decide(waiting, busy, busy, Limits({"one": 1, "two": 1}))
    assert found.granted == (RunId("r3"),)
    assert str(found.waits[RunId("r2")]) == "place 1, the only slot of one is in use"


def test_a_run_whose_backend_was_taken_away_is_told_so_and_keeps_nobody_waiting() -> None:
    waiting = [entry(1, backend="gone"), entry(2)]
    found = decide(waiting, [], [], slots(1))
    assert found.granted == (RunId("r2"),)
    assert found.waits[RunId("r1")].why == (
        "the backend gone is not among those of this controller (one): "
        "the operator can put gone back into REPRISE_BACKENDS, or cancel the run"
    )
