"""What the sweep finds: tags that nobody told us of, in repositories named or matched by a pattern."""

from io import StringIO

import pytest
from tests.engine.harness import Controller, Outside

from reprise.domain.errors import Refused, Retryable
from reprise.domain.watch import Watch, read_watch
from reprise.engine.sweep import sweep

EVERYTHING_OF_ADA = read_watch(("ada/*",))


def swept(controller: Controller, watch: Watch = EVERYTHING_OF_ADA) -> list[str]:
    """Sweep and run what it found; ``owner/repo tag`` of every run so far."""
    sweep(controller.world, watch)
    controller.work()
    return sorted(f"{run.repository.full_name} {run.ref}" for run in controller.runs())


def test_a_pattern_watches_every_repository_of_its_owner_and_nobody_elses(
    controller: Controller, outside: Outside
) -> None:
    wine, digits, foreign = (outside.repository(name) for name in ("ada/wine", "Ada/digits", "bob/wine"))
    assert swept(controller) == []
    for repository in (wine, digits, foreign):
        outside.tag(repository, "v1")
    assert swept(controller) == ["Ada/digits v1", "ada/wine v1"]


def test_a_pattern_over_names_leaves_the_others_out(controller: Controller, outside: Outside) -> None:
    paper, wine = outside.repository("ada/paper-1"), outside.repository("ada/wine")
    watch = read_watch(("ada/paper-*",))
    assert swept(controller, watch) == []
    for repository in (paper, wine):
        outside.tag(repository, "v1")
    assert swept(controller, watch) == ["ada/paper-1 v1"]


def test_a_repository_that_appears_later_runs_its_delivered_tags_and_those_after_its_first_sweep(
    controller: Controller, outside: Outside
) -> None:
    outside.repository("ada/wine")
    assert swept(controller) == []
    new = outside.repository("ada/new")
    outside.tag(new, "before")
    outside.tag(new, "delivered", {"reprise.yaml": "version: 1\nrun: {command: [a]}\n"})
    controller.told_tag(new, "delivered")
    assert swept(controller) == ["ada/new delivered"]
    outside.tag(new, "after", {"reprise.yaml": "version: 1\nrun: {command: [b]}\n"})
    assert swept(controller) == ["ada/new after", "ada/new delivered"]
    assert swept(controller) == ["ada/new after", "ada/new delivered"]


def test_a_repository_that_is_named_and_matched_is_looked_at_once(
    controller: Controller, outside: Outside
) -> None:
    wine = outside.repository("ada/wine")
    watch = read_watch(("ADA/wine", "ada/*", "ada/w*"))
    assert swept(controller, watch) == []
    outside.tag(wine, "v1")
    assert sweep(controller.world, watch) == 1
    assert outside.forge.calls.count("repositories") == 2


@pytest.mark.parametrize("error", [Retryable("down"), Refused("no such owner")])
def test_an_owner_that_cannot_be_listed_does_not_keep_the_others_waiting(
    controller: Controller, outside: Outside, logs: StringIO, error: Retryable | Refused
) -> None:
    outside.repository("ada/wine")
    bobs = outside.repository("bob/wine")
    watch = read_watch(("ada/*", "bob/*"))
    assert swept(controller, watch) == []
    outside.tag(bobs, "v1")
    outside.forge.fail("repositories", error)
    assert swept(controller, watch) == ["bob/wine v1"]
    assert '"repository": "ada/*"' in logs.getvalue()
