"""Deliveries about whole repositories, installations and merge queues, from the published examples."""

from typing import Any

import pytest
from tests.deliveries import Delivery, sample

from reprise.adapters.github.webhook import parse_delivery
from reprise.domain.event import AccessChanged, Event, Ignored, MergeQueued, RepositoryChanged
from reprise.domain.run import Repository, Sha, Standing

OCTO = Repository(186853261, "Octocoders/Hello-World", "https://github.com/Octocoders/Hello-World.git", True)
HELLO = Repository(186853002, "Codertocat/Hello-World", "https://github.com/Codertocat/Hello-World.git", True)

EVENTS = ("installation_repositories", "merge_group", "installation", "repository")


def parse(delivery: Delivery) -> Event:
    return parse_delivery(delivery.event, delivery.body)


def example(name: str, **changes: Any) -> Delivery:
    event = next(
        e for e in ("installation_repositories", "merge_group", "installation", "repository") if e in name
    )
    delivery = sample(event, name)
    delivery.payload.update(changes)
    return delivery


def hidden(repository: Repository, standing: Standing = Standing.ACTIVE) -> Repository:
    return Repository(repository.id, repository.full_name, repository.clone_url, False, standing)


def test_a_renamed_or_transferred_repository_has_its_new_name() -> None:
    assert parse(example("repository_renamed")) == RepositoryChanged(OCTO, "renamed", "Codertocat")
    assert parse(example("repository_transferred")) == RepositoryChanged(OCTO, "transferred", "Codertocat")


def test_hidden_and_shown_again() -> None:
    assert parse(example("repository_privatized")) == RepositoryChanged(
        hidden(HELLO), "privatized", "Codertocat"
    )
    assert parse(example("repository_publicized")) == RepositoryChanged(HELLO, "publicized", "Codertocat")


@pytest.mark.parametrize(
    ("action", "archived", "standing"),
    [
        ("archived", True, Standing.ARCHIVED),
        ("unarchived", False, Standing.ACTIVE),
        ("deleted", False, Standing.DELETED),
        ("renamed", True, Standing.ARCHIVED),
    ],
)
def test_how_we_stand_with_it_follows_from_action_and_facts(
    action: str, archived: bool, standing: Standing
) -> None:
    delivery = example("repository_renamed", action=action)
    delivery.payload["repository"]["archived"] = archived
    event = parse(delivery)
    assert isinstance(event, RepositoryChanged)
    assert (event.facts.standing, event.what, event.repository) == (standing, action, OCTO.full_name)


def test_what_says_nothing_about_the_whole_is_ignored() -> None:
    assert parse(example("repository_created")) == Ignored(OCTO.full_name, "repository made or edited")


@pytest.mark.parametrize(
    ("name", "account", "standing", "numbers"),
    [
        ("installation_created", "Codertocat", Standing.ACTIVE, (186853002,)),
        ("installation_deleted", "octocat", Standing.REMOVED, None),
        ("installation_suspend", "Codertocat", Standing.SUSPENDED, None),
        ("installation_unsuspend", "Codertocat", Standing.ACTIVE, None),
        ("installation_repositories_added", "Codertocat", Standing.ACTIVE, (186853007,)),
        ("installation_repositories_removed", "octocat", Standing.REMOVED, (1296269,)),
    ],
)
def test_an_installation_says_whose_access_changed(
    name: str, account: str, standing: Standing, numbers: tuple[int, ...] | None
) -> None:
    event = parse(example(name))
    assert isinstance(event, AccessChanged)
    assert (event.account, event.standing, event.repository_ids) == (account, standing, numbers)
    assert event.repository is None


def test_a_merge_queue_waits_for_its_head() -> None:
    sha = Sha("2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d")
    event = parse(example("merge_group_checks_requested"))
    assert isinstance(event, MergeQueued)
    assert (event.repository_id, event.repository, event.commit) == (17273051, "octo-org/octo-repo", sha)
    over = parse(example("merge_group_checks_requested", action="destroyed"))
    assert over == Ignored("octo-org/octo-repo", "merge group over")


@pytest.mark.parametrize(
    "name",
    [
        "repository_renamed",
        "installation_suspend",
        "installation_repositories_added",
        "merge_group_checks_requested",
    ],
)
def test_fields_that_surprise_us_do_not_lose_the_delivery(name: str) -> None:
    whole = example(name)
    surprising: list[Any] = [None, [], {}, "", 7, {"id": "x"}, [{"id": -1}], [None]]
    for key in whole.payload:
        for value in surprising:
            event = parse(example(name, **{key: value}))
            assert isinstance(event, RepositoryChanged | AccessChanged | MergeQueued | Ignored)
    assert parse(Delivery(whole.event, {})) == Ignored(None, "fields not understood")
