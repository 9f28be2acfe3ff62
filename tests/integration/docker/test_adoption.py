"""What another controller finds in the Engine, and what happens when the Engine cannot be asked."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests import jobs
from tests.integration.docker import trials
from tests.integration.docker.box import Box
from tests.integration.docker.middle import Middle
from tests.integration.docker.trials import Here

from reprise.containers.engine import Engine
from reprise.containers.pulled import DockerStorage
from reprise.containers.wish import Limits
from reprise.domain.errors import Retryable
from reprise.domain.fetched import FetchedFile
from reprise.domain.run import Reason
from reprise.domain.spec.model import Checkpoint, Resume
from reprise.ports import Earlier, Failed, Finished, Lost, Running

LINES = (
    "import sys, time\nfor i in range(20_000):\n    print(i, 'x' * 40)\n"
    "    if not i % 2_000:\n        time.sleep(0.2)\n"
)
PRINTED = "".join(f"{i} {'x' * 40}\n" for i in range(20_000))


@pytest.fixture
def here(box: Box, tmp_path: Path) -> Iterator[Here]:
    made = trials.here(tmp_path, box.docker_host, box.base)
    yield made
    made.close()


class DiesBeforeStart(Engine):
    def start(self, name: str) -> None:
        raise Retryable(f"{name}: the controller died here")


def test_another_controller_adopts_a_running_job_and_its_log_is_whole(here: Here, box: Box) -> None:
    job = here.job(LINES)
    assert here.runner.start(job) is None
    jobs.until(lambda: here.log())
    other = trials.here(here.state, box.docker_host, box.base)

    assert other.runner.start(job) is None
    end = jobs.ended(other.runner, job, seconds=60)
    other.engine.close()

    assert isinstance(end, Finished)
    assert end.reason is Reason.COMPLETED
    assert here.log() == PRINTED
    assert end.log_bytes == len(PRINTED)


def test_connection_that_breaks_again_and_again_loses_and_doubles_no_line(
    here: Here, box: Box, tmp_path: Path
) -> None:
    middle = Middle(tmp_path / "middle.sock", box.docker_host, cut_after=200_000)
    shaky = trials.here(here.state, middle.host, box.base)
    job = here.job(LINES)
    assert here.runner.start(job) is None

    def end() -> Finished | None:
        try:
            seen = shaky.runner.observe(job)
        except Retryable:
            return None
        return seen if isinstance(seen, Finished) else None

    jobs.until(end, seconds=60)
    shaky.engine.close()
    middle.down()

    assert middle.cuts
    assert here.log() == PRINTED


def test_lines_longer_than_the_engine_keeps_whole_are_put_together(here: Here) -> None:
    end = here.finished(
        "for i in (1, 16_383, 16_384, 16_385, 40_000, 0):\n    print('x' * i)\nprint('end', end='')"
    )

    assert here.log() == "".join("x" * i + "\n" for i in (1, 16_383, 16_384, 16_385, 40_000, 0)) + "end"
    assert end.log_bytes == len(here.log())


# The library does not close a socket that could not be connected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_does_not_answer_is_asked_again_later(here: Here, box: Box, tmp_path: Path) -> None:
    middle = Middle(tmp_path / "middle.sock", box.docker_host)
    away = trials.here(here.state, middle.host, box.base)
    away.provider.request(jobs.RUN_ID, trials.spec())
    job = here.job("import time\nfor i in range(20):\n    print(i, flush=True)\n    time.sleep(0.1)")
    assert away.runner.start(job) is None
    middle.down()

    with pytest.raises(Retryable, match="did not answer"):
        away.runner.observe(job)
    with pytest.raises(Retryable, match="did not answer"):
        away.provider.observe(jobs.RUN_ID)
    with pytest.raises(Retryable, match="did not answer"):
        away.runner.start(here.job("", name="1-1"))

    middle.up()
    end = jobs.ended(away.runner, job, seconds=30)
    away.engine.close()
    middle.down()
    gc.collect()  # here, where it is known
    assert isinstance(end, Finished)
    assert here.log() == "".join(f"{i}\n" for i in range(20))


@pytest.mark.parametrize("healed_by", ["start", "observe"])
def test_container_that_was_made_and_never_started_is_started(here: Here, box: Box, healed_by: str) -> None:
    dying = trials.here(here.state, box.docker_host, box.base, engine=DiesBeforeStart(box.docker_host))
    job = here.job("print('once')")
    with pytest.raises(Retryable):
        dying.runner.start(job)
    dying.engine.close()
    assert len(here.engine.containers({"reprise.run": jobs.RUN_ID})) == 1

    if healed_by == "start":
        assert here.runner.start(job) is None
    else:
        assert isinstance(here.runner.observe(job), Running)

    assert isinstance(jobs.ended(here.runner, job, seconds=30), Finished)
    assert here.log() == "once\n"


def test_container_that_somebody_removed_is_a_lost_trial_and_not_started_again(here: Here) -> None:
    job = here.job("import time\ntime.sleep(600)")
    assert here.runner.start(job) is None
    (name,) = here.engine.containers({"reprise.run": jobs.RUN_ID})
    here.engine.remove(name)

    end = here.runner.observe(job)

    assert isinstance(end, Lost)
    assert "gone without a result" in end.message
    assert here.runner.start(job) is None
    assert here.engine.containers({"reprise.run": jobs.RUN_ID}) == {}


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGTERM"])
def test_container_that_was_ended_from_outside_is_a_lost_trial(here: Here, signal: str) -> None:
    """As an Engine does that is restarted."""
    job = here.job("import time\nprint('there', flush=True)\ntime.sleep(600)")
    assert here.runner.start(job) is None
    jobs.until(here.log)
    (name,) = here.engine.containers({"reprise.run": jobs.RUN_ID})
    here.engine.kill(name, signal)

    end = jobs.ended(here.runner, job, seconds=30)

    assert isinstance(end, Lost)
    assert "ended from outside" in end.message


def test_image_without_python_is_named(here: Here, box: Box) -> None:
    job = here.job("")
    failed = here.runner.start(replace(job, built=replace(job.built, location=box.bare)))

    assert isinstance(failed, Failed)
    assert failed.reason is Reason.PYTHON_MISSING
    assert "python3" in failed.message


@pytest.mark.parametrize("location", ["sha256:" + "0" * 64, "{registry}/nothing@sha256:" + "0" * 64])
def test_image_that_is_nowhere_is_named(here: Here, box: Box, location: str) -> None:
    job = here.job("")
    location = location.format(registry=box.registry)

    failed = here.runner.start(replace(job, built=replace(job.built, location=location)))

    assert isinstance(failed, Failed)
    assert location in failed.message


def test_a_lost_trial_goes_on_from_its_checkpoint_in_another_container(here: Here) -> None:
    code = (
        "import os, pathlib, time\n"
        "kept = pathlib.Path(os.environ.get('REPRISE_RESUME', 'kept'))\nkept.mkdir(exist_ok=True)\n"
        "step = kept / 'step'\n"
        "print('from', step.read_text() if step.exists() else 'nothing', kept, flush=True)\n"
        "if not step.exists():\n    step.write_text('3')\n    time.sleep(600)\n"
    )
    wanted = replace(trials.spec(), checkpoint=Checkpoint("kept", Resume.EXACT))
    first = here.job(code, wanted)
    assert here.runner.start(first) is None
    jobs.until(lambda: (first.tree / "kept" / "step").exists())
    (name,) = here.engine.containers({"reprise.run": jobs.RUN_ID})
    here.engine.kill(name, "SIGKILL")
    assert isinstance(jobs.ended(here.runner, first), Lost)

    second = replace(here.job(code, wanted, name="0-2"), earlier=(Earlier(1, first.results),))
    end = jobs.finished(here.runner, second, seconds=30)

    assert here.log("0-2") == "from 3 /reprise/tree/kept\n"
    assert end.resumed is not None
    assert end.resumed.attempt == 1


def test_fetched_data_is_read_only_where_the_spec_says(here: Here, tmp_path: Path) -> None:
    (tmp_path / "cached").write_text("rows")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("a")
    data = (
        FetchedFile("data/train.csv", str(tmp_path / "cached"), "0" * 64, 4, "https://example.org"),
        FetchedFile("data/more", str(tmp_path / "folder"), "0" * 64, 1, "https://example.org"),
    )
    code = (
        "import os\nprint(open('data/train.csv').read(), os.listdir('data/more'))\n"
        "for name in ('data/train.csv', 'data/more/b'):\n"
        "    try:\n        open(name, 'w')\n    except OSError as error:\n        print(error.strerror)\n"
    )
    job = replace(here.job(code), data=data)

    assert jobs.finished(here.runner, job, seconds=30).reason is Reason.COMPLETED

    assert here.log() == "rows ['a']\nRead-only file system\nRead-only file system\n"
    assert (tmp_path / "cached").read_text() == "rows"


@pytest.mark.parametrize("instead", ["os.mkdir('data')", "os.symlink('old', 'data')"])
def test_fetched_data_that_the_job_puts_others_in_place_of_fails_the_trial(
    here: Here, tmp_path: Path, instead: str
) -> None:
    """A mount cannot be written or removed, but it goes with a folder above it that is renamed."""
    (tmp_path / "cached").write_text("rows")
    data = (FetchedFile("data/train.csv", str(tmp_path / "cached"), "0" * 64, 4, "https://example.org"),)
    code = (
        f"import os\nos.rename('data', 'old')\n{instead}\n"
        "if not os.path.islink('data'):\n    open('data/train.csv', 'w').write('mine')\n"
    )

    end = jobs.finished(here.runner, replace(here.job(code), data=data), seconds=30)

    assert (end.exit_code, end.reason) == (0, Reason.DATA_MISMATCH)
    assert end.message == "the job changed its input `data/train.csv`: write to another file"
    assert end.problems == {"data/train.csv": end.message}


def test_variables_of_the_image_are_the_jobs_and_ours_win(here: Here, box: Box) -> None:
    limits = Limits(memory_bytes=256_000_000)
    image = here.engine.image(box.base)
    assert image is not None
    code = "import os\nprint(os.environ['PATH'], os.environ['HOME'], os.environ['PYTHONHASHSEED'])"

    other = trials.here(here.state, box.docker_host, box.base, limits=limits)
    other.finished(code)
    other.engine.close()

    path = image.variables.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    assert here.log() == f"{path} /reprise/home 0\n"


def test_a_pulled_image_goes_when_nobody_used_it_and_no_container_has_it(here: Here) -> None:
    storage = DockerStorage(here.engine, cache=here.state / "cache")
    job = here.job("import time\ntime.sleep(600)")
    assert here.runner.start(job) is None
    (item,) = storage.kept()
    assert item.bytes > 1_000_000
    assert not storage.remove(item), "a container has it"

    here.provider.release(jobs.RUN_ID)
    assert storage.remove(item)

    assert list(storage.kept()) == []
    assert here.engine.image(here.image) is None
