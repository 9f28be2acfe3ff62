"""What follows when something happens to a repository as a whole, over everything that may happen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.event import AccessChanged, RepositoryChanged
from reprise.domain.run import Repository, Standing
from reprise.domain.standing import (
    ASK_AGAIN,
    LOST,
    WHY,
    access_changed,
    concerns,
    is_worth_asking,
    learned,
    told,
    why_left_alone,
)

WINE = Repository(7, "ada/wine", "https://forge.test/ada/wine.git", public=True)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
names = st.sampled_from(["ada/wine", "ada/vin", "bob/wine"])
repositories = st.builds(
    Repository,
    st.just(7),
    names,
    names.map("https://forge.test/{}.git".format),
    st.booleans(),
    st.sampled_from(Standing),
)


def stands(standing: Standing) -> Repository:
    return replace(WINE, standing=standing)


def test_every_standing_says_why_nothing_is_done() -> None:
    assert set(WHY) == set(Standing)
    for standing in Standing:
        why = why_left_alone(stands(standing))
        assert (why is None) == (standing is Standing.ACTIVE)
        assert why is None or "{" not in why


@given(repositories, repositories)
def test_an_event_hides_at_once_and_never_shows(known: Repository, facts: Repository) -> None:
    now = told(known, RepositoryChanged(facts, "publicized", "ada")).repository
    assert now.public == (known.public and facts.public)
    assert (now.full_name, now.clone_url, now.standing) == (facts.full_name, facts.clone_url, facts.standing)


@given(repositories, repositories)
def test_runs_end_only_when_the_standing_changes_for_the_worse(known: Repository, found: Repository) -> None:
    outcome = learned(known, found)
    changed = known.standing is not found.standing
    assert (outcome.ends_waiting is not None) == (changed and found.standing is not Standing.ACTIVE)
    assert (outcome.stops_live is not None) == (changed and found.standing in LOST)
    assert outcome.repository == found


@pytest.mark.parametrize("before", Standing)
@pytest.mark.parametrize("after", [Standing.ACTIVE, Standing.SUSPENDED, Standing.REMOVED])
def test_access_that_comes_back_gives_back_only_what_was_lost_with_it(
    before: Standing, after: Standing
) -> None:
    now = access_changed(stands(before), AccessChanged("ada", after, None, "ada")).repository.standing
    if after is not Standing.ACTIVE:
        assert now is after
    else:
        gave_back = before in (Standing.SUSPENDED, Standing.REMOVED)
        assert now is (Standing.ACTIVE if gave_back else before)


def test_an_installation_concerns_its_account_or_the_repositories_it_names() -> None:
    whole = AccessChanged("ADA", Standing.SUSPENDED, None, "ada")
    assert concerns(whole, WINE)
    assert not concerns(whole, replace(WINE, full_name="adam/wine"))
    assert not concerns(replace(whole, repository_ids=(8,)), WINE)
    assert concerns(replace(whole, repository_ids=(8, 7)), WINE)


@pytest.mark.parametrize("standing", Standing)
def test_what_is_lost_is_asked_again_after_a_day(standing: Standing) -> None:
    assert is_worth_asking(standing, NOW, NOW) == (standing not in LOST)
    assert is_worth_asking(standing, NOW, NOW + ASK_AGAIN)
    assert is_worth_asking(standing, None, NOW)
    assert is_worth_asking(standing, NOW, NOW + timedelta(hours=1)) == (standing not in LOST)
