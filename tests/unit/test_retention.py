"""What goes, decided from lists: for every list, and for the cases that people ask about."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.retention import GROUP, RECENT, Bound, Group, Item, Kind, Policy, what_to_remove

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)

ages = st.timedeltas(min_value=-3 * DAY, max_value=400 * DAY)
sizes = st.integers(0, 10**12)
items = st.builds(
    Item,
    kind=st.sampled_from(Kind),
    name=st.text("abc", max_size=3),
    bytes=sizes,
    used_at=ages.map(lambda age: NOW - age),
    needed=st.sampled_from([None, None, "a live run"]),
)
inventories = st.lists(items, max_size=12, unique_by=lambda item: (item.kind, item.name))
bounds = st.builds(Bound, st.none() | st.timedeltas(timedelta(0), 300 * DAY), st.none() | sizes)
policies = st.builds(Policy, bounds, bounds, bounds, bounds, bounds)


def removed(inventory: list[Item], policy: Policy) -> list[Item]:
    return [removal.item for removal in what_to_remove(inventory, policy, NOW)]


@given(inventories, policies)
def test_what_somebody_needs_and_evidence_stay(inventory: list[Item], policy: Policy) -> None:
    for item in removed(inventory, policy):
        assert item.needed is None
        assert item.kind is not Kind.EVIDENCE
        assert item in inventory


@given(inventories, policies)
def test_deciding_again_removes_nothing_more(inventory: list[Item], policy: Policy) -> None:
    gone = removed(inventory, policy)
    assert len(gone) == len(set(gone))
    assert removed([item for item in inventory if item not in gone], policy) == []


@given(inventories, policies)
def test_every_bound_holds_afterwards_or_the_rest_is_needed(inventory: list[Item], policy: Policy) -> None:
    gone = removed(inventory, policy)
    for group in Group:
        bound = policy.of(group)
        left = [item for item in inventory if GROUP[item.kind] is group and item not in gone]
        free = [item for item in left if item.needed is None]
        if bound.age is not None:
            assert all(NOW - item.used_at <= bound.age for item in free)
        if bound.bytes is not None and sum(item.bytes for item in left) > bound.bytes:
            assert all(NOW - item.used_at <= RECENT or item.bytes == 0 for item in free)


@given(inventories, policies)
def test_nothing_goes_before_its_time_unless_there_is_too_much_and_nothing_older(
    inventory: list[Item], policy: Policy
) -> None:
    gone = removed(inventory, policy)
    for group in Group:
        bound = policy.of(group)
        all_of_it = [item for item in inventory if GROUP[item.kind] is group]
        old = [item for item in all_of_it if item.needed is None and _old(item, bound)]
        early = [item for item in gone if GROUP[item.kind] is group and item not in old]
        if not early:
            continue
        assert bound.bytes is not None
        before_the_last = sum(item.bytes for item in all_of_it if item not in [*old, *early[:-1]])
        assert before_the_last > bound.bytes
        for item in early:
            for other in all_of_it:
                older = other.kind is item.kind and other.used_at < item.used_at
                if older and other.needed is None and other.bytes:
                    assert other in gone


def _old(item: Item, bound: Bound) -> bool:
    return bound.age is not None and NOW - item.used_at > bound.age


def test_every_kind_has_a_group_and_every_group_a_bound() -> None:
    assert set(GROUP) == set(Kind)
    assert {group for group in GROUP.values() if group is not None} == set(Group)
    assert all(isinstance(Policy().of(group), Bound) for group in Group)


def test_without_bounds_only_leftovers_go() -> None:
    inventory = [Item(kind, "x", 10**15, NOW - 900 * DAY) for kind in Kind]
    assert [item.kind for item in removed(inventory, Policy())] == [Kind.LEFTOVER]


def test_downloads_go_before_what_was_made_of_them() -> None:
    downloads = Item(Kind.DOWNLOADS, "uv", 10, NOW - timedelta(hours=2))
    environment = Item(Kind.ENVIRONMENT, "e", 10, NOW - 20 * DAY)
    policy = Policy(cache=Bound(bytes=15))
    (removal,) = what_to_remove([environment, downloads], policy, NOW)
    assert removal.item is downloads
    assert removal.why == "together there is more than 0 kB"
    assert removed([environment, downloads], Policy(cache=Bound(bytes=5))) == [downloads, environment]


@pytest.mark.parametrize(("days", "goes"), [(29, False), (31, True)])
def test_age_counts_from_the_last_use(days: int, goes: bool) -> None:
    item = Item(Kind.ENVIRONMENT, "e", 10, NOW - days * DAY)
    found = what_to_remove([item], Policy(cache=Bound(30 * DAY)), NOW)
    assert [removal.why for removal in found] == (["not used for 31 days"] if goes else [])
