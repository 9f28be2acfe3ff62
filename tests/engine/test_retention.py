"""What a controller removes of its own: real tables, real files, the real engine's rows."""

import json
import os
import shutil
from datetime import timedelta
from io import StringIO
from pathlib import Path

from sqlalchemy import text
from tests.engine.conftest import Make
from tests.engine.harness import FILES, Controller, Outside, measured
from tests.fakes.runner import FakeJob, FakeRunner
from tests.fakes.storage import FakeStorage
from tests.jobs import until

from reprise.domain.retention import Bound, Item, Kind, Policy
from reprise.domain.run import RunId
from reprise.engine.intake import resolve_due
from reprise.engine.kept import DeliveryBodies, RunFiles, WorkflowSteps
from reprise.engine.retention import Retention
from reprise.ports import JobRequest, Storage
from reprise.store import intake as inbox
from reprise.store.intake import Delivery, NewTrigger, kept_body

DAY = timedelta(days=1)
ALL = Policy(
    cache=Bound(30 * DAY), logs=Bound(180 * DAY), rehearsals=Bound(30 * DAY), records=Bound(90 * DAY)
)
PAGES = {
    "build.log": "built\n",
    "trials/0-1/log.txt": "epoch 1\n",
    "trials/0-1/collect.lock": "",
    "trials/0-1/result.json": "{}",
    "trials/0-1/collected.json": json.dumps({"found": {"./metrics.json": "d1", "out/model.bin": "d2"}}),
    "trials/0-1/environment.json": "{}",
    "trials/0-1/files/metrics.json": "{}",
    "trials/0-1/files/out/model.bin": "weights",
    "trials/0-1/files/out/plots/extra.png": "picture",
    "trials/0-1/mlruns/0/meta.yaml": "x",
}
EVIDENCE = [
    "trials/0-1/collected.json",
    "trials/0-1/environment.json",
    "trials/0-1/files/metrics.json",
    "trials/0-1/files/out/model.bin",
    "trials/0-1/result.json",
]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def retention(controller: Controller, *storages: Storage, policy: Policy = ALL) -> Retention:
    world = controller.world
    own = RunFiles(world), DeliveryBodies(world), WorkflowSteps(world, controller.engine)
    return Retention(world, (*storages, *own), policy)


def ended_run(controller: Controller, outside: Outside, name: str = "v1") -> RunId:
    repository = outside.repository()
    outside.tag(repository, name, {**FILES, "x": name})
    controller.told_tag(repository, name)
    controller.work()
    run = controller.runs()[-1]
    until(lambda: run.id in controller.engine.ended())  # its row says so a moment before
    folder = controller.world.folders.results(run.id)
    shutil.rmtree(folder)
    write(folder, PAGES)
    return run.id


def test_logs_of_old_runs_go_and_what_a_verdict_rests_on_stays(
    controller: Controller, outside: Outside
) -> None:
    run_id = ended_run(controller, outside)
    folder = controller.world.folders.results(run_id)
    assert retention(controller).tick() == ()
    outside.clock.advance(181 * DAY.total_seconds())
    before = controller.run()
    removed = retention(controller).tick()
    assert {item.kind for item in removed} == {Kind.LOGS, Kind.WORKFLOW}
    assert below(folder) == EVIDENCE
    assert not (folder / "trials/0-1/files/out/plots").exists()
    assert controller.run() == before
    assert retention(controller).tick() == ()


def test_what_was_logged_to_mlflow_stays_while_it_is_nowhere_else(
    controller: Controller, outside: Outside
) -> None:
    run_id = ended_run(controller, outside)
    with controller.world.store.write() as connection:
        connection.execute(text("UPDATE runs SET tracking_problem = 'the server was away'"))
    outside.clock.advance(400 * DAY.total_seconds())
    retention(controller).tick()
    left = below(controller.world.folders.results(run_id))
    assert left == sorted([*EVIDENCE, "trials/0-1/mlruns/0/meta.yaml"])


def test_collected_files_stay_when_nobody_can_tell_which_were_declared(
    controller: Controller, outside: Outside
) -> None:
    folder = controller.world.folders.results(ended_run(controller, outside))
    (folder / "trials/0-1/collected.json").write_text("{")
    outside.clock.advance(400 * DAY.total_seconds())
    retention(controller).tick()
    assert (folder / "trials/0-1/files/out/plots/extra.png").exists()


def test_nothing_of_a_run_that_goes_on_is_removed(make: Make, outside: Outside) -> None:
    """Not even after years, and not for its size."""
    seen: list[tuple[tuple[Item, ...], list[str]]] = []
    controller = make()

    def job(request: JobRequest) -> FakeJob:
        folder = controller.world.folders.results(request.run_id)
        write(folder, PAGES)
        outside.clock.advance(2000 * DAY.total_seconds())
        tight = Policy(*[Bound(timedelta(0), 0)] * 5)
        seen.append((retention(controller, policy=tight).tick(), below(folder)))
        return measured(0.93)

    outside.runner = FakeRunner(job)
    controller = make()
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert seen
    for removed, files in seen:
        assert removed == ()
        assert set(PAGES) <= set(files)


def test_a_build_folder_that_no_run_needs_goes_after_a_day(controller: Controller, outside: Outside) -> None:
    ended = ended_run(controller, outside)
    builds = controller.world.folders.all_builds
    write(builds, {f"{ended}/tree/train.py": "...", "r0000/tree/train.py": "..."})
    made = outside.clock.now().timestamp()
    for folder in builds.iterdir():
        os.utime(folder, (made, made))
    assert retention(controller).tick() == ()
    outside.clock.advance(1.1 * DAY.total_seconds())
    assert {item.name for item in retention(controller).tick()} == {ended, "r0000"}
    assert list(builds.iterdir()) == []


def deliver(controller: Controller, number: int, *, tag: str | None = None) -> None:
    new = NewTrigger(inbox.TAG, 1, "ada/wine", tag, "ada") if tag is not None else None
    at = controller.outside.clock.now()
    delivery = Delivery(f"guid-{number}", "push", at, "trigger", b"body" * 100, new)
    assert inbox.record_deliveries(controller.world.store, [delivery]) == [True]


def bodies(controller: Controller) -> dict[str, int]:
    with controller.world.store.read() as connection:
        found = connection.execute(text("SELECT id, length(body) AS size FROM deliveries"))
        return {row.id: row.size for row in found}


def test_bodies_of_old_deliveries_go_and_a_redelivery_is_still_known(
    controller: Controller, outside: Outside
) -> None:
    controller.start()
    deliver(controller, 1)
    outside.clock.advance(89 * DAY.total_seconds())
    deliver(controller, 2)
    assert retention(controller).tick() == ()
    outside.clock.advance(2 * DAY.total_seconds())
    (item,) = retention(controller).tick()
    assert (item.kind, item.bytes) == (Kind.DELIVERY, len(kept_body(b"body" * 100)))
    assert bodies(controller) == {"guid-1": 0, "guid-2": item.bytes}
    again = Delivery("guid-1", "push", outside.clock.now(), "trigger", b"body", None)
    assert inbox.record_deliveries(controller.world.store, [again]) == [False]
    assert bodies(controller)["guid-1"] == 0


def test_a_delivery_that_is_still_to_be_looked_at_keeps_its_body(
    controller: Controller, outside: Outside
) -> None:
    controller.start()
    deliver(controller, 1, tag="v1")
    outside.clock.advance(400 * DAY.total_seconds())
    assert retention(controller).tick() == ()
    resolve_due(controller.world)
    with controller.world.store.write() as connection:
        connection.execute(text("UPDATE triggers SET next_at = NULL"))
    assert [item.kind for item in retention(controller).tick()] == [Kind.DELIVERY]


def test_the_engine_forgets_old_runs_and_they_stay_ended(make: Make, outside: Outside) -> None:
    controller = make()
    first = ended_run(controller, outside, "v1")
    outside.clock.advance(60 * DAY.total_seconds())
    second = ended_run(controller, outside, "v2")
    assert sorted(controller.engine.ended()) == sorted([first, second])
    outside.clock.advance(31 * DAY.total_seconds())
    assert [item.name for item in retention(controller).tick()] == [first]
    assert controller.engine.ended() == [second]
    controller.stop()
    later = make()
    later.work()
    assert [run.phase.value for run in later.runs()] == ["done", "done"]
    assert len({job.run_id for job in outside.runner.started}) == 2
    assert len(outside.runner.started) == sum(len(later.trials(run)) for run in later.runs())


def test_the_engine_keeps_what_the_rows_do_not_know(controller: Controller, outside: Outside) -> None:
    ended_run(controller, outside)
    with controller.world.store.write() as connection:
        connection.execute(text("DELETE FROM runs"))
    outside.clock.advance(400 * DAY.total_seconds())
    assert retention(controller).tick() == ()
    assert len(controller.engine.ended()) == 1


def test_one_thing_that_cannot_be_removed_keeps_no_other(
    controller: Controller, outside: Outside, logs: StringIO
) -> None:
    controller.start()
    long_ago = outside.clock.now() - 99 * DAY
    names = "abc"
    shelf = FakeStorage(*(Item(Kind.ENVIRONMENT, name, 5_000_000, long_ago) for name in names), broken=("b",))
    kept = retention(controller, FakeStorage(away=True), shelf)
    assert [item.name for item in kept.tick()] == ["a", "c"]
    assert list(shelf.items) == ["b"]
    said = [json.loads(line) for line in logs.getvalue().splitlines()]
    removed = [(each["kind"], each["name"], each["size"]) for each in said if each["event"] == "removed"]
    assert removed == [("environment", "a", "5 MB"), ("environment", "c", "5 MB")]
    assert [each["event"] for each in said].count("not removed") == 1
    assert "the disk does not answer" in [each.get("why") for each in said]


def test_what_runs_share_stays_while_the_rows_need_it(controller: Controller, outside: Outside) -> None:
    controller.start()
    long_ago = outside.clock.now() - 99 * DAY
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    with controller.world.store.write() as connection:
        built = json.dumps({"key": "e1"})
        connection.execute(text("UPDATE runs SET built = :built"), {"built": built})
    shelf = FakeStorage(
        Item(Kind.ENVIRONMENT, "e1", 1, long_ago),
        Item(Kind.ENVIRONMENT, "e2", 1, long_ago),
        Item(Kind.CLONE, f"{repository.id}.git", 1, long_ago),
        Item(Kind.CLONE, "-7.git", 1, long_ago),
    )
    assert {item.name for item in retention(controller, shelf).tick()} == {"e2", "-7.git"}
