"""The controller stops dead at every recorded step and outside write, and a new one takes over.

The points come from a complete run that is recorded first, so a step that is added later is covered.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from tests.engine.harness import Controller, Outside, assert_clean, jobs_of, pull_request
from tests.engine.recovery import quick_recovery
from tests.engine.watch import Killed, Life, Point

from reprise.domain.audit import Action
from reprise.domain.check import CheckState
from reprise.domain.forge import OnCommit, Permission, Place, State
from reprise.domain.run import Verdict
from reprise.engine.intake import resolve_due

WRITES = (
    "forge.post_status",
    "forge.put_comment",
    "forge.put_check",
    "provider.request",
    "provider.release",
    "builder.build",
    "runner.start",
    "tracker.record",
    "tracker.conclude",
)
"""Calls that change something outside; a step may hold several."""
STEPS = ("announce", "build", "plan_trial", "execute_trial", "collect", "release", "report", "finish")


@pytest.fixture(scope="module", autouse=True)
def recovers_quickly() -> Iterator[None]:
    with quick_recovery():
        yield


class Story:
    """One run, told once, that ends well whatever happens to the controller on the way."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.outside = Outside(folder)
        self.controller = Controller(folder / "state", self.outside, template=template)

    def lead(self, life: Life) -> bool:
        """Live until the run has ended or this life did; whether it ended well."""
        self.controller.resolve()
        self.controller = self.controller.next_life(
            wrap_world=life.wrap_world, wrap_steps=life.wrap_steps
        ).start()
        try:
            self.controller.until(lambda: life.died.is_set() or self.ended())
            return not life.died.is_set()
        finally:
            self.controller.stop()
            life.bury()

    def ended(self) -> bool:
        """The rows and the workflows."""
        runs = self.controller.runs()
        return all(run.ended_at is not None and self.controller.engine.over(run.id) for run in runs)


class Tag(Story):
    def __init__(self, folder: Path, template: Path) -> None:
        super().__init__(folder, template)
        self.repository = self.outside.repository()
        self.sha = self.outside.tag(self.repository, "v1")
        self.place: Place = OnCommit(self.sha)
        self.controller.told_tag(self.repository, "v1")


class PullRequest(Story):
    def __init__(self, folder: Path, template: Path) -> None:
        super().__init__(folder, template)
        pull = pull_request(self.outside)
        self.repository, self.sha = pull.repository, pull.sha
        self.place = pull.place
        self.controller.told_comment(pull)


class AppTag(Tag):
    """We are an App: its report stands in a check run."""

    def __init__(self, folder: Path, template: Path) -> None:
        super().__init__(folder, template)
        self.outside.forge.is_app = True


class CommitComment(Story):
    """On a tag that is older than the watch."""

    def __init__(self, folder: Path, template: Path) -> None:
        super().__init__(folder, template)
        self.repository = self.outside.repository()
        self.outside.forge.set_permission(self.repository, "ada", Permission.WRITE)
        self.sha = self.outside.tag(self.repository, "v1")
        self.place: Place = OnCommit(self.sha)
        self.controller.told_commit_comment(self.repository, self.sha)


Told = Tag | PullRequest | CommitComment


def resolve_as(life: Life, story: Told) -> None:
    resolve_due(life.wrap_world(story.controller.world))


def record(story: Tag | PullRequest) -> list[Point]:
    """What a whole life crosses, in order."""
    life = Life()
    assert story.lead(life)
    return life.crossed


def crash_points(crossed: list[Point]) -> list[Point]:
    """Both sides of every step, and the moment after every write to the outside."""
    steps = [point for point in crossed if "." not in point.name]
    writes = [point for point in crossed if point.name in WRITES and point.side == "after"]
    return [*steps, *writes]


def assert_told_once(story: Tag | PullRequest) -> None:
    outside, controller = story.outside, story.controller
    assert_clean(controller)
    run = controller.run()
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
    assert (run.reporting_problem, run.tracking_problem) == (None, None)
    standing = outside.statuses(story.repository, story.sha)
    assert {context: status.state for context, status in standing.items()} == {
        "reprise/wine": State.SUCCESS,
        "reprise/wine/accuracy": State.SUCCESS,
        "reprise/wine/artifacts": State.SUCCESS,
    }
    assert "### wine: reproduced at level B" in _report(story)
    assert list(outside.tracker.records) == [run.id]
    assert outside.tracker.tags[run.id]["reprise.verdict"] == "reproduced"
    assert outside.provider.released == [run.id]
    assert run.coin == str(_coin(story))
    assert len(jobs_of(outside, run.id)) <= 3
    assert [(t.plan.index, t.plan.probe) for t in controller.trials(run)] == [(0, False), (1, True)]


def _report(story: Tag | PullRequest) -> str:
    if not isinstance(story, AppTag):
        (comment,) = story.outside.comments(story.repository, story.place)
        return comment.body
    (run,) = story.outside.forge.checks_on(story.repository, story.sha)
    assert run.check.state is CheckState.COMPLETED
    assert story.outside.comments(story.repository, story.place) == []
    return f"### {run.check.title}\n\n{run.check.summary}"


def _coin(story: Tag | PullRequest) -> int | None:
    forge = story.outside.forge
    if isinstance(story, AppTag):
        return forge.checks_on(story.repository, story.sha)[0].id
    return forge.statuses_on(story.repository, story.sha)[0].id


def crash_at(
    points: list[Point], tell: Callable[[Path, Path], Tag | PullRequest], folder: Path, template: Path
) -> None:
    """Each in a fresh world: one controller that dies there, and one that takes over."""
    for number, point in enumerate(points):
        story = tell(folder / str(number), template)
        assert not story.lead(Life(point)), f"the controller did not die {point}"
        assert story.lead(Life())
        try:
            assert_told_once(story)
        except AssertionError as error:
            raise AssertionError(f"after a crash {point}: {error}") from error


def test_a_tags_verdict_survives_a_crash_at_every_step(tmp_path: Path, template: Path) -> None:
    points = crash_points(record(Tag(tmp_path / "whole", template)))
    print(f"\n{len(points)} crashes: {', '.join(map(str, points))}")
    assert len({point.name for point in points if "." not in point.name}) == 13
    assert {point.name for point in points if "." in point.name} == set(WRITES)
    crash_at(points, Tag, tmp_path, template)


def test_a_pull_requests_verdict_survives_a_crash_while_talking(tmp_path: Path, template: Path) -> None:
    """Only where it differs from a tag's: the comment stands from the beginning and is edited."""
    points = crash_points(record(PullRequest(tmp_path / "whole", template)))
    chosen = [point for point in points if point.name in ("announce", "forge.put_comment", "report")]
    print(f"\n{len(chosen)} crashes: {', '.join(map(str, chosen))}")
    assert Point("forge.put_comment", 2, "after") in chosen
    crash_at(chosen, PullRequest, tmp_path, template)


def test_an_apps_check_is_one_wherever_it_dies_while_talking(tmp_path: Path, template: Path) -> None:
    points = crash_points(record(AppTag(tmp_path / "whole", template)))
    chosen = [point for point in points if point.name in ("announce", "forge.put_check", "report")]
    assert Point("forge.put_check", 2, "after") in chosen
    crash_at(chosen, AppTag, tmp_path, template)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_verdict_survives_several_crashes_in_a_row(tmp_path: Path, template: Path, seed: int) -> None:
    story = Tag(tmp_path / "story", template)
    random = Random(seed)
    crashes = 0
    while not story.lead(Life(Point(random.choice(STEPS), 1, random.choice(["before", "after"])))):
        crashes += 1
        assert crashes < 50
    print(f"\n{crashes} crashes in a row")
    assert_told_once(story)


def test_a_tag_is_resolved_once_wherever_the_controller_dies(tmp_path: Path, template: Path) -> None:
    assert_resolved_once(tmp_path, template, Tag, crossings=4)


def test_a_comment_is_resolved_once_wherever_the_controller_dies(tmp_path: Path, template: Path) -> None:
    assert_resolved_once(tmp_path, template, PullRequest, crossings=7)


def test_a_comment_on_a_commit_is_resolved_once_wherever_the_controller_dies(
    tmp_path: Path, template: Path
) -> None:
    assert_resolved_once(tmp_path, template, CommitComment, crossings=6)


def assert_resolved_once(
    folder: Path, template: Path, tell: Callable[[Path, Path], Told], *, crossings: int
) -> None:
    """Dies before and after each call to the outside while a trigger is looked at, then looks again."""
    whole = Life()
    resolve_as(whole, tell(folder / "whole", template))
    assert len(whole.crossed) >= 2 * crossings
    for number, point in enumerate(whole.crossed):
        story = tell(folder / str(number), template)
        life = Life(point)
        life.bury()
        with pytest.raises(Killed):
            resolve_as(life, story)
        story.controller.resolve()
        assert len(story.controller.runs()) == 1
        assert [deed.action for deed in story.controller.audit()] == [Action.REQUESTED]
