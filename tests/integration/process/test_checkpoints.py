"""A job whose supervisor is killed goes on from its last checkpoint in the next attempt."""

import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests import jobs
from tests.integration.process.test_adoption import supervisor_pid

from reprise.adapters.process.runner import ProcessRunner
from reprise.domain.run import Reason
from reprise.domain.spec.model import Checkpoint, Resume, Spec
from reprise.jobs import checkpoints
from reprise.jobs.copying import Copying
from reprise.ports import Earlier, Finished, JobRequest, Lost

STEPS = """
import os, time
from pathlib import Path

kept = Path(os.environ.get("REPRISE_RESUME", "checkpoints"))
kept.mkdir(exist_ok=True)
first = int((kept / "step").read_text()) + 1 if (kept / "step").exists() else 0
print("from", first, flush=True)
for step in range(first, 6):
    (kept / "step.new").write_text(str(step))
    os.replace(kept / "step.new", kept / "step")
    while step == 3 and "REPRISE_RESUME" not in os.environ:
        time.sleep(0.05)
Path("m.json").write_text(str(step))
"""


def spec() -> Spec:
    return replace(jobs.spec(artifacts=("m.json",)), checkpoint=Checkpoint("checkpoints", Resume.EXACT))


def runner() -> ProcessRunner:
    return ProcessRunner(copying=Copying(every=timedelta(seconds=0.05)))


def killed_at_step_3(root: Path, first: ProcessRunner) -> JobRequest:
    job = jobs.python_job(root, STEPS, spec())
    assert first.start(job) is None
    jobs.until(lambda: read(job.tree / "checkpoints" / "step") == "3" or None)
    os.kill(supervisor_pid(job), signal.SIGKILL)
    return job


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_the_next_attempt_goes_on_from_the_step_that_was_kept(tmp_path: Path) -> None:
    first = killed_at_step_3(tmp_path, runner())
    assert isinstance(jobs.ended(runner(), first), Lost)
    second = jobs.python_job(tmp_path, STEPS, spec(), name="0-2")

    end = jobs.finished(runner(), replace(second, earlier=(Earlier(1, first.results),)))

    assert read(second.results / "log.txt") == "from 4\n"
    assert end.reason is Reason.COMPLETED
    assert end.resumed is not None
    assert end.resumed.attempt == 1
    assert read(second.results / "files" / "m.json") == "5"
    kept = checkpoints.last(second.results)
    assert kept is not None
    assert read(kept.folder / "files" / "step") == "5"
    assert checkpoints.last(first.results) is None  # nobody needs it any more


def test_a_machine_that_is_gone_leaves_what_was_copied_while_it_ran(tmp_path: Path) -> None:
    mine = runner()
    job = jobs.python_job(tmp_path, STEPS, spec())
    assert mine.start(job) is None

    def copied() -> str:
        mine.observe(job)
        kept = checkpoints.last(job.results)
        return read(kept.folder / "files" / "step") if kept is not None else ""

    jobs.until(lambda: copied() == "3" or None)
    mine.stop(job)
    second = jobs.python_job(tmp_path, STEPS, spec(), name="0-2")
    end = jobs.finished(runner(), replace(second, earlier=(Earlier(1, job.results),)))

    assert isinstance(end, Finished)
    assert read(second.results / "log.txt") == "from 4\n"


def test_a_trial_that_nobody_lost_starts_anew_and_says_nothing(tmp_path: Path) -> None:
    code = 'import os\nprint(os.environ.get("REPRISE_RESUME"), os.listdir("checkpoints"))'
    job = jobs.python_job(tmp_path, code, spec())
    (job.tree / "checkpoints").mkdir()
    (job.tree / "checkpoints" / "step").write_text("committed")

    end = jobs.finished(runner(), job)

    assert read(job.results / "log.txt") == "None []\n"
    assert end.resumed is None
