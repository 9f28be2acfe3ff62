"""A hundred deliveries, three times each in any order, through the real webhook: exactly the right runs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import pytest
from tests import deliveries
from tests.deliveries import Delivery
from tests.engine.conftest import Make
from tests.engine.harness import FILES, SPEC, Controller, Outside
from tests.fakes.clock import FakeClock

from reprise.domain.forge import OnPullRequest, Permission, Reaction
from reprise.domain.run import Repository
from reprise.domain.watch import Watch, read_watch
from reprise.engine import plan_comments
from reprise.engine.sweep import sweep
from reprise.engine.world import PlanRule
from reprise.sign_in import Key
from reprise.web.app import create_app
from reprise.web.context import Context
from reprise.web.writer import DeliveryWriter

SECRET = "a secret"
Wanted = set[tuple[str, str, str]]
"""(repository, commit, experiment)"""


@dataclass(frozen=True)
class Sent:
    id: str
    delivery: Delivery


@dataclass(frozen=True)
class Said:
    """A comment, and what has to stand beside it."""

    repository: Repository
    number: int
    comment: int
    reactions: list[Reaction]
    answered: bool


class Town:
    """Four watched repositories and one that is not, where people push and comment."""

    def __init__(self, outside: Outside, random: Random) -> None:
        self._outside = outside
        self._random = random
        self.sent: list[Sent] = []
        self.wanted: Wanted = set()
        """What has to run."""
        self.comments: list[Said] = []
        self.watched = [outside.repository(f"owner{n}/repo{n}") for n in range(4)]
        self.other = outside.repository("somebody/else")
        for repository in self.watched:
            outside.forge.set_permission(repository, "ada", Permission.WRITE)

    @property
    def watch(self) -> Watch:
        return read_watch(tuple(repository.full_name for repository in self.watched))

    def push(self, number: int) -> None:
        """GitHub tells of a new tag twice: as a push and as a create."""
        repository = self._random.choice(self.watched)
        two = {**FILES, "n": str(number), ".reprise/more.yaml": SPEC}
        files = self._random.choice([{**FILES, "n": str(number)}, two])
        sha = self._outside.tag(repository, f"v{number}", files)
        at = _at(repository)
        annotated = self._random.random() < 0.5
        self._send(deliveries.tag_pushed(f"v{number}", sha, annotated=annotated, **at))
        if self._random.random() < 0.7:
            self._send(deliveries.tag_created(f"v{number}", **at))
        self._want(repository, sha, "more" if len(files) > len(FILES) + 1 else None)

    def comment(self, number: int) -> None:
        repository = self._random.choice(self.watched)
        sha = self._outside.commit(repository, {**FILES, "pull": str(number)})
        self._outside.forge.add_pull_request(repository, number, sha)
        who = self._random.choice(["ada", "mallory"])
        said = self._random.choice(["/reproduce", "/reproduce help", "thanks!"])
        comment = self._outside.forge.add_comment(repository, OnPullRequest(number), said, who=who)
        at = _at(repository)
        self._send(deliveries.comment_posted(said, who=who, number=number, comment_id=comment, **at))
        reactions = [Reaction.EYES] if said == "/reproduce" else []
        answered = said == "/reproduce help" or (who, said) == ("mallory", "/reproduce")
        self.comments.append(Said(repository, number, comment, reactions, answered))
        if (who, said) == ("ada", "/reproduce"):
            self._want(repository, sha)

    def noise(self, number: int) -> None:
        repository = self._random.choice(self.watched)
        at = _at(repository)
        self._outside.tag(self.other, f"v{number}", {**FILES, "n": str(number)})
        choices = [
            deliveries.sample("push", "push_branch", **at),
            deliveries.sample("push", "push_tag_deleted", **at),
            deliveries.sample("pull_request", **at),
            deliveries.tag_pushed(f"v{number}", **_at(self.other)),
            deliveries.tag_pushed("never-there", **at),
        ]
        self._send(self._random.choice(choices))

    def _send(self, delivery: Delivery) -> None:
        self.sent.append(Sent(f"guid-{len(self.sent)}", delivery))

    def _want(self, repository: Repository, sha: str, *more: str | None) -> None:
        root = repository.full_name.split("/")[1]
        self.wanted |= {(repository.full_name, sha, name) for name in (root, *more) if name}


def _at(repository: Repository) -> dict[str, Any]:
    return {"repository_id": repository.id, "repository": repository.full_name}


def a_busy_day(outside: Outside, random: Random) -> Town:
    town = Town(outside, random)
    number = 0
    while len(town.sent) < 100:
        number += 1
        random.choice([town.push, town.push, town.comment, town.noise])(number)
    return town


async def send(controller: Controller, town: Town, order: Sequence[Sent], random: Random) -> list[int]:
    """Eight senders at once, while the controller looks at what has come in so far."""
    context = Context(
        world=controller.world,
        writer=DeliveryWriter(controller.world.store, lambda: None),
        webhook_secret=SECRET.encode(),
        key=Key("known to nobody here", anywhere=False),
        watched=town.watch,
        tracking_url=None,
    )
    app = create_app(context)
    waiting = list(order)
    answers: list[int] = []
    looking = asyncio.Lock()

    async def sender(client: httpx.AsyncClient) -> None:
        while waiting:
            sent = waiting.pop()
            answer = await client.post(
                "/webhooks/github",
                content=sent.delivery.body,
                headers=sent.delivery.headers(SECRET, sent.id),
            )
            answers.append(answer.status_code)
            async with looking:
                if random.random() < 0.05:
                    await asyncio.to_thread(controller.resolve)
                if random.random() < 0.01:
                    await asyncio.to_thread(sweep, controller.world, town.watch)

    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://reprise.test") as client,
    ):
        await asyncio.gather(*(sender(client) for _ in range(8)))
    return answers


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_hundred_deliveries_three_times_each_make_exactly_the_right_runs(
    make: Make, outside: Outside, seed: int
) -> None:
    random = Random(seed)
    outside.clock = FakeClock(datetime.now(UTC) + timedelta(hours=1))
    controller = make(plans=PlanRule(per_day=1000))
    town = a_busy_day(outside, random)
    order = town.sent * 3
    random.shuffle(order)

    answers = await send(controller, town, order, random)
    sweep(controller.world, town.watch)
    while controller.open_triggers():
        controller.resolve()
    plan_comments.tell(controller.world)

    assert answers == [202] * len(order)
    found = [(run.repository.full_name, run.commit, run.experiment) for run in controller.runs()]
    assert set(found) == town.wanted, f"seed {seed}"
    assert len(found) == len(set(found)), f"seed {seed}: a run came twice"
    assert len(found) > 30
    for said in town.comments:
        beside = outside.comments(said.repository, OnPullRequest(said.number))
        assert outside.forge.reactions_to(said.repository, said.comment) == said.reactions
        assert len(beside) == said.answered
