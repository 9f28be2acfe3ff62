"""Trials on a machine that is only reached over SSH, with an Engine of its own."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests import jobs
from tests.box.lacking import Lacking
from tests.contract import test_runner
from tests.fakes.runner import FakeJob
from tests.integration.docker import trials
from tests.integration.docker.box import Box
from tests.sshd import machine as sshd
from tests.sshd.machine import Machine

from reprise.adapters.chameleon import key
from reprise.adapters.chameleon.images import SENT, SentImages, sent_name
from reprise.adapters.chameleon.node import SshNodes
from reprise.adapters.chameleon.runner import SOCKET, How, NodeRunner
from reprise.containers import names
from reprise.containers.engine import Engine, Image
from reprise.containers.wish import Limits
from reprise.domain.errors import Retryable
from reprise.domain.fetched import FetchedFile
from reprise.domain.run import Reason
from reprise.domain.spec import model
from reprise.domain.spec.model import Checkpoint, Resume
from reprise.jobs import checkpoints
from reprise.jobs.copying import Copying
from reprise.ports import Earlier, Failed, Finished, JobRequest, Lost, Runner, Running
from reprise.ports.nodes import Access, Address

JobMaker = Callable[[FakeJob], JobRequest]
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The library does not close a socket that could not be connected."""
LIMITS = Limits(memory_bytes=256_000_000, disk_bytes=100_000_000)


@pytest.fixture(scope="module")
def machine(box: Box) -> Iterator[Machine]:
    """Or the test is skipped; where changes are judged, it fails instead."""
    box.folder.chmod(0o711)  # the node's user goes through it to the socket
    with ExitStack() as stack:
        try:
            yield stack.enter_context(sshd.machine(engine=Path(box.docker_host.removeprefix("unix://"))))
        except Lacking as problem:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(problem))


@dataclass
class There:
    """A controller, and a run's node."""

    state: Path
    box: Box
    machine: Machine
    engine: Engine
    """The node's, as it is seen from here."""
    way: Access
    access: Access | None
    nodes: SshNodes = field(default_factory=SshNodes)
    runners: list[NodeRunner] = field(default_factory=list)

    def runner(self, *, copying: Copying | None = None, idle_after: timedelta | None = None) -> NodeRunner:
        how = How(self.state, self.state / "cache", limits=LIMITS, idle_after=idle_after)
        runner = NodeRunner(self.nodes, lambda run_id: self.access, how, here=None, copying=copying)
        self.runners.append(runner)
        return runner

    def job(self, code: str, wanted: model.Spec | None = None, *, name: str = "0-1") -> JobRequest:
        made = jobs.python_job(self.state, code, wanted or trials.spec(), name=name)
        return replace(made, built=replace(made.built, location=self.box.base))

    def log(self, name: str = "0-1") -> str:
        return (self.state / "runs" / jobs.RUN_ID / "trials" / name / "log.txt").read_text()

    def close(self) -> None:
        for runner in self.runners:
            runner.close()
        self.nodes.close()
        labels = names.of_state(self.state)
        for name in self.engine.containers(labels):
            self.engine.remove(name)
        self.engine.remove_volumes(labels)
        self.engine.close()


@pytest.fixture
def there(box: Box, machine: Machine, tmp_path: Path) -> Iterator[There]:
    engine = Engine(box.docker_host)
    if engine.image(box.base) is None:
        engine.pull(box.base)
    private = tmp_path / "leased" / "key"
    machine.authorize(key.ensure(private))
    way = Access(Address(machine.address), private, machine.host_key)
    made = There(tmp_path, box, machine, engine, way, way)
    yield made
    machine.mend()
    made.close()


@pytest.fixture
def world(there: There) -> tuple[Runner, JobMaker]:
    made: list[JobRequest] = []

    def make(does: FakeJob) -> JobRequest:
        wanted = trials.spec(artifacts=("out/a.txt", "out/b.txt"))
        made.append(there.job(test_runner.code_of(does), wanted, name=f"{len(made)}-1"))
        return made[-1]

    return there.runner(), make


globals().update({name: each for name, each in vars(test_runner).items() if name.startswith("test_")})


def test_job_goes_on_without_a_connection_and_its_log_is_whole(there: There) -> None:
    job = there.job("import time\nfor i in range(30):\n    print(i, flush=True)\n    time.sleep(0.1)")
    runner = there.runner()
    assert runner.start(job) is None
    jobs.until(lambda: there.log())

    there.machine.stop()
    with pytest.raises(Retryable):
        runner.observe(job)
    with pytest.raises(Retryable):
        there.runner().observe(job)
    there.machine.start()

    end = jobs.until(lambda: looked(runner, job), seconds=30)
    assert end.reason is Reason.COMPLETED
    assert there.log() == "".join(f"{i}\n" for i in range(30))


def test_another_controller_goes_on_with_a_running_job(there: There) -> None:
    job = there.job("import time\nfor i in range(10):\n    print(i, flush=True)\n    time.sleep(0.1)")
    first = there.runner()
    assert first.start(job) is None
    jobs.until(lambda: there.log())
    first.close()
    other = there.runner()

    assert other.start(job) is None

    assert jobs.finished(other, job, seconds=30).reason is Reason.COMPLETED
    assert there.log() == "".join(f"{i}\n" for i in range(10))


def test_run_whose_node_was_given_back_has_lost_its_trial_and_keeps_what_ended(there: There) -> None:
    runner = there.runner()
    ended, running = there.job("print('x')"), there.job("import time\ntime.sleep(600)", name="1-1")
    end = jobs.finished(runner, ended, seconds=30)
    assert runner.start(running) is None

    there.access = None

    assert runner.observe(ended) == end
    assert isinstance(runner.observe(running), Lost)
    assert isinstance(runner.start(there.job("", name="2-1")), Failed)
    runner.stop(running)


def test_a_lost_trial_goes_on_from_the_checkpoint_that_was_copied_out(there: There) -> None:
    code = (
        "import os, pathlib, time\n"
        "kept = pathlib.Path(os.environ.get('REPRISE_RESUME', 'kept'))\nkept.mkdir(exist_ok=True)\n"
        "found = sorted(path.name for path in kept.iterdir())\nprint('from', found, flush=True)\n"
        "if not found:\n    (kept / 'step-1').write_text('1')\n    print('one', flush=True)\n"
        "    time.sleep(1.2)\n    (kept / 'new').write_text('2')\n"
        "    (kept / 'new').rename(kept / 'step-2')\n    time.sleep(600)\n"
    )
    wanted = replace(trials.spec(), checkpoint=Checkpoint("kept", Resume.EXACT))
    first, runner = there.job(code, wanted), there.runner(copying=Copying(every=timedelta(seconds=0.2)))
    assert runner.start(first) is None

    def copied() -> bool:
        assert isinstance(runner.observe(first), Running)
        kept = checkpoints.last(first.results)
        return kept is not None and (kept.folder / "files" / "step-2").exists()

    jobs.until(copied, seconds=30)
    there.access = None  # its lease ended
    assert isinstance(runner.observe(first), Lost)
    there.access = there.way

    second = replace(there.job(code, wanted, name="0-2"), earlier=(Earlier(1, first.results),))
    end = jobs.finished(runner, second, seconds=30)

    assert there.log("0-2") == "from ['step-1', 'step-2']\n"
    assert end.resumed is not None
    assert end.resumed.attempt == 1


def test_links_are_links_there_and_here_and_lead_to_nothing_of_ours(there: There) -> None:
    (there.state / "secret").write_text("ours")
    code = (
        "import os, pathlib\n"
        "print(pathlib.Path('inner').read_text(), os.path.exists('outer'), os.path.exists('far'))\n"
        "os.makedirs('real/deep')\npathlib.Path('real/deep/a.txt').write_text('one')\n"
        "os.symlink('real', 'out')\nos.symlink('/etc/passwd', 'b')\n"
    )
    job = there.job(code, trials.spec(artifacts=("out/deep/a.txt", "b", "none")))
    (job.tree / "inner").symlink_to("job.py")
    (job.tree / "outer").symlink_to("../../../../../secret")
    (job.tree / "far").symlink_to(there.state / "secret")

    end = jobs.finished(there.runner(), job, seconds=30)

    assert there.log() == f"{code} False False\n"
    assert end.artifacts["out/deep/a.txt"] == hashlib.sha256(b"one").hexdigest()
    assert end.artifacts["b"] is None
    assert "leads out" in end.problems["b"]
    assert (there.state / "secret").read_text() == "ours"


def test_data_is_brought_once_and_can_only_be_read(there: There, tmp_path: Path) -> None:
    (tmp_path / "cached").write_text("rows")
    (tmp_path / "cached").chmod(0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
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
    runner = there.runner()

    for name in ("0-1", "1-1"):
        job = replace(there.job(code, name=name), data=data)
        assert jobs.finished(runner, job, seconds=30).reason is Reason.COMPLETED
        assert there.log(name) == "rows ['a']\nRead-only file system\nRead-only file system\n"


def test_an_open_network_has_no_way_to_the_nodes_metadata(there: There) -> None:
    code = (
        "import errno, socket\n"
        "for host in ('169.254.169.254', '169.254.170.2'):\n"
        "    try:\n        socket.create_connection((host, 80), timeout=5)\n"
        "    except OSError as error:\n        print(errno.errorcode[error.errno])\n"
    )

    job = there.job(code, trials.spec(network=model.Network.OPEN))
    assert jobs.finished(there.runner(), job, seconds=30).reason is Reason.COMPLETED

    assert there.log() == "EACCES\nEACCES\n"


@pytest.mark.parametrize("where", ["big", "/reprise/trial/big"])
def test_job_that_fills_the_nodes_disk_is_ended_and_leaves_nothing_there(there: There, where: str) -> None:
    code = (
        f"import time\nwith open({where!r}, 'wb', buffering=0) as file:\n"
        "    for i in range(300):\n        file.write(b'x' * 1_000_000)\n        time.sleep(0.01)\n"
        "time.sleep(600)"
    )

    job = there.job(code)
    end = jobs.finished(there.runner(), job, seconds=60)

    assert end.reason is Reason.COMMAND_FAILED
    assert "wrote more than the 0.1 GB of disk that a trial may take" in end.message
    assert there.engine.volume(f"{names.container(there.state, jobs.RUN_ID, job.folder)}-files") is None
    assert not list(there.state.rglob("big"))


def test_job_that_leaves_more_than_is_fetched_is_told_so(there: There) -> None:
    code = "with open('/reprise/output/big', 'wb') as file:\n    file.truncate(150_000_000)\n"

    end = jobs.finished(there.runner(), there.job(code), seconds=60)

    assert end.reason is Reason.COMMAND_FAILED
    assert "more than the" in end.message
    assert "write less" in end.message


def test_job_that_leaves_the_gpus_idle_is_ended_with_the_reason(there: There) -> None:
    there.machine.program("nvidia-smi", "#!/bin/sh\necho 3\necho 0\n")
    runner = there.runner(idle_after=timedelta(seconds=1.5))
    job = there.job("import time\ntime.sleep(600)", trials.spec(gpus=2))
    without = replace(job, spec=replace(job.spec, resources=replace(job.spec.resources, gpus=0)))
    assert runner.start(without) is None  # this machine has no GPU to give it

    end = jobs.ended(runner, job, seconds=30)

    assert isinstance(end, Finished)
    assert end.reason is Reason.COMMAND_FAILED
    assert "left every GPU below 5 %" in end.message


class Elsewhere(Engine):
    """The node's, as if it had never seen the box's registry."""

    def image(self, reference: str) -> Image | None:
        return super().image(reference) if reference.startswith(SENT) else None


def test_an_image_that_the_node_cannot_pull_goes_through_its_connection(there: There) -> None:
    node = there.nodes.connect(there.way)
    elsewhere = Elsewhere(f"unix://{node.socket(SOCKET)}")

    sent = SentImages(elsewhere, there.engine).ensure(there.box.base)

    assert isinstance(sent, Image)
    known = there.engine.image(there.box.base)
    assert known is not None
    assert (sent.id, sent.variables) == (known.id, known.variables)
    there.engine.remove_image(sent_name(there.box.base))
    elsewhere.close()
    node.close()


def looked(runner: NodeRunner, job: JobRequest) -> Finished | None:
    try:
        seen = runner.observe(job)
    except Retryable:
        return None
    return seen if isinstance(seen, Finished) else None
