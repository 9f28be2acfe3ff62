"""What a hostile job does in its container: contained, named in the end that people read, and we go on."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests import jobs
from tests.integration.docker import trials
from tests.integration.docker.box import Box
from tests.integration.docker.trials import Here, spec

from reprise.containers.wish import Limits
from reprise.domain.run import Reason
from reprise.domain.spec.model import Network
from reprise.ports import Allocation, Finished
from reprise_runner import control_group

MARK = "reprise-hostile-mark"
LIMITS = Limits(memory_bytes=256_000_000, pids=64, disk_bytes=100_000_000, log_bytes=1_000_000)
TRY = """
import errno, os
def tried(what, do):
    try:
        print(what, "worked", do(), flush=True)
    except OSError as error:
        print(what, errno.errorcode.get(error.errno, error), flush=True)
"""


@pytest.fixture
def here(box: Box, tmp_path: Path) -> Iterator[Here]:
    (tmp_path / "token").write_text("the controller's secret")
    made = trials.here(tmp_path, box.docker_host, box.base, limits=LIMITS, grace=timedelta(seconds=0.5))
    made.provider.request(jobs.RUN_ID, spec())
    yield made
    assert (tmp_path / "token").read_text() == "the controller's secret"
    honest = made.job("print('fine')", name="9-1")
    assert jobs.finished(made.runner, honest, seconds=30).reason is Reason.COMPLETED, "the runner goes on"
    made.provider.release(jobs.RUN_ID)
    assert made.provider.owned() == ()
    assert marked() == []
    made.close()


def marked() -> list[str]:
    """Every process of this machine that carries our mark in its command line, containers' too."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path("/proc", pid, "cmdline").read_bytes()
        except OSError:
            continue
        if MARK.encode() in command:
            found.append(pid)
    return found


def test_fork_bomb_meets_its_bound_and_ends_with_its_trial(here: Here) -> None:
    code = (
        "import os, time\nmade = 0\n"
        "try:\n    while True:\n        if os.fork() == 0:\n            time.sleep(600)\n        made += 1\n"
        "except OSError as error:\n    print(error.strerror, made < 64, flush=True)\n    raise SystemExit(4)"
    )

    end = here.finished(code)

    assert here.log() == "Resource temporarily unavailable True\n"
    assert (end.reason, end.exit_code) == (Reason.COMMAND_FAILED, 4)
    told = "refused a new process once (only 64 may be there at a time, threads included)"
    assert told in end.message or not counted(), end.message


def counted() -> bool:
    """Whether this kernel tells a container of refusals."""
    return any(Path(folder, "docker/pids.events").exists() for folder in control_group.CONTAINER)


def test_memory_bomb_is_ended_and_the_bound_is_named(here: Here) -> None:
    end = here.finished("kept = []\nwhile True:\n    kept.append(bytearray(10_000_000))")

    assert end.reason is Reason.OUT_OF_MEMORY
    assert "more than the 0.256 GB that this backend gives" in end.message


def test_declared_memory_is_the_bound_that_is_named(here: Here) -> None:
    end = here.finished("kept = bytearray(300_000_000)\nprint(len(kept))", spec(memory_bytes=128_000_000))

    assert end.reason is Reason.OUT_OF_MEMORY
    assert "more than the 0.128 GB of `resources.memory`" in end.message


@pytest.mark.parametrize("where", ["big", "/tmp/big", "/reprise/output/big", "/reprise/trial/big"])
def test_disk_filler_is_ended_and_its_files_go_at_once(here: Here, where: str) -> None:
    code = (
        f"import time\nwith open({where!r}, 'wb', buffering=0) as file:\n"
        "    for i in range(300):\n        file.write(b'x' * 1_000_000)\n        time.sleep(0.01)\n"
        "time.sleep(600)"
    )

    end = here.finished(code)

    assert end.reason is Reason.COMMAND_FAILED
    assert "wrote more than the 0.1 GB of disk that a trial may take" in end.message
    assert end.problems["."].startswith("the disk was full")
    assert not list((here.state / "containers" / jobs.RUN_ID / "trials" / "0-1").rglob("big"))


def test_nothing_outside_its_folders_can_be_written(here: Here) -> None:
    code = TRY + (
        "for name in ('/', '/etc', '/usr', '/var/tmp', '/reprise', '/reprise/hook', '/dev', '/root'):\n"
        "    tried(name, lambda: open(name + '/new', 'w').close())\n"
        "tried('runner', lambda: open('/reprise/runner.pyz', 'r+b').close())\n"
        "tried('shm', lambda: open('/dev/shm/new', 'w').close())\n"
    )

    here.finished(code)

    worked = [line.split()[0] for line in here.log().splitlines() if " worked" in line]
    assert worked == ["shm"]


def test_network_is_loopback_only(here: Here) -> None:
    code = TRY + (
        "import socket\n"
        "print(sorted(name for _, name in socket.if_nameindex()))\n"
        "for host in ('169.254.169.254', '10.0.0.1', '172.17.0.1', '192.0.2.1', '1.1.1.1'):\n"
        "    tried(host, lambda: socket.create_connection((host, 80), timeout=3))\n"
        "try:\n    socket.getaddrinfo('example.org', 80)\n"
        "except OSError:\n    print('no names')\n"
        "tried('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))\n"
        "tried('packet', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))\n"
    )

    here.finished(code)

    lines = here.log().splitlines()
    assert lines[0] == "['lo']"
    assert all(line.endswith("ENETUNREACH") for line in lines[1:6])
    assert lines[6:] == ["no names", "raw EPERM", "packet EPERM"]


def test_open_network_has_a_way_out_and_none_to_metadata(here: Here) -> None:
    code = TRY + (
        "import socket, struct\n"
        "rows = [line.split() for line in open('/proc/net/route').read().splitlines()[1:]]\n"
        "way = next(row[2] for row in rows if row[1] == '00000000' and row[0] != '*')\n"
        "gateway = socket.inet_ntoa(struct.pack('=I', int(way, 16)))\n"
        "def ask(host):\n    socket.create_connection((host, 1), timeout=5)\n"
        "tried('gateway', lambda: ask(gateway))\n"
        "for host in ('169.254.169.254', '169.254.170.2', '100.100.100.200'):\n"
        "    tried(host, lambda: ask(host))\n"
        "print(open('/proc/self/status').read().split('CapEff:')[1].split()[0])\n"
    )

    end = here.finished(code, spec(network=Network.OPEN))

    assert end.reason is Reason.COMPLETED, end
    assert here.log().splitlines() == [
        "gateway ECONNREFUSED",
        "169.254.169.254 EACCES",
        "169.254.170.2 EACCES",
        "100.100.100.200 EACCES",
        "0000000000000000",
    ]
    here.provider.release(jobs.RUN_ID)
    assert here.engine.networks({"reprise.state": ""}) == {}


def test_mount_namespaces_modules_and_devices_are_refused(here: Here) -> None:
    code = TRY + (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "def call(name, *arguments):\n"
        "    if getattr(libc, name)(*arguments) < 0:\n"
        "        raise OSError(ctypes.get_errno(), name)\n"
        "os.mkdir('here')\n"
        "tried('mount', lambda: call('mount', b'none', b'here', b'tmpfs', 0, None))\n"
        "tried('umount', lambda: call('umount2', b'/reprise/hook', 2))\n"
        "tried('unshare', lambda: call('unshare', 0x10000000))\n"
        "tried('chroot', lambda: os.chroot('here'))\n"
        "tried('setuid', lambda: os.setuid(0))\n"
        "tried('mknod', lambda: os.mknod('disk', 0o60666, os.makedev(8, 0)))\n"
        "tried('sethostname', lambda: call('sethostname', b'x', 1))\n"
        "tried('keyctl', lambda: call('syscall', 250, 0, 0, 0, 0, 0))\n"
        "print(open('/proc/self/status').read().split('CapEff:')[1].split()[0])\n"
        "print(open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0])\n"
        "print(open('/proc/self/status').read().split('Seccomp:')[1].split()[0])\n"
    )

    here.finished(code)

    lines = here.log().splitlines()
    assert {line.split()[1] for line in lines[:-3]} == {"EPERM"}
    assert lines[-3:] == ["0000000000000000", "1", "2"]


def test_no_process_but_its_own_can_be_seen_or_traced(here: Here) -> None:
    code = TRY + (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "libc.ptrace.argtypes = [ctypes.c_long] * 4\n"
        "def trace(pid):\n"
        "    if libc.ptrace(16, pid, 0, 0) < 0:\n        raise OSError(ctypes.get_errno(), 'ptrace')\n"
        "pids = sorted(int(name) for name in os.listdir('/proc') if name.isdigit())\n"
        "commands = {open(f'/proc/{pid}/cmdline').read().split(chr(0))[0] for pid in pids}\n"
        "print(len(pids) <= 3, sorted(commands), os.getuid())\n"
        f"tried('other', lambda: os.kill({os.getpid()}, 0))\n"
        "tried('memory', lambda: open('/proc/kcore', 'rb').read(1))\n"
        "tried('sysrq', lambda: open('/proc/sysrq-trigger', 'w').write('b'))\n"
        "tried('core', lambda: open('/proc/sys/kernel/core_pattern', 'w').write('|/x'))\n"
        "tried('keys', lambda: print(repr(open('/proc/keys').read())))\n"
    )

    here.finished(code)

    lines = here.log().splitlines()
    assert lines[0] == "True ['python3'] 64501"
    assert "other ESRCH" in lines
    assert [line for line in lines if line.startswith("memory worked")] == []
    assert [line for line in lines if line.startswith(("sysrq worked", "core worked"))] == []


def test_nothing_of_the_controller_is_in_its_environment_files_or_sockets(here: Here) -> None:
    code = (
        "import os\n"
        f"state = {str(here.state)!r}\n"
        "words = ('TOKEN', 'SECRET', 'DOCKER')\n"
        "print([name for name in os.environ if any(word in name for word in words)])\n"
        "print(*map(os.path.exists, (state, '/var/run/docker.sock', '/run/docker.sock')))\n"
        "import stat\nsockets = []\n"
        "for root, folders, files in os.walk('/'):\n"
        "    folders[:] = [name for name in folders if (root, name) not in (('/', 'proc'), ('/', 'sys'))]\n"
        "    for name in files:\n"
        "        try:\n            mode = os.lstat(os.path.join(root, name)).st_mode\n"
        "        except OSError:\n            continue\n"
        "        if stat.S_ISSOCK(mode) or stat.S_ISBLK(mode):\n"
        "            sockets.append(root + '/' + name)\n"
        "print(sockets)\n"
        "print(sorted(os.listdir('/reprise')))\n"
        "print('token' in open('/proc/1/environ').read().lower())\n"
        "print(open('/proc/self/mountinfo').read().count('docker.sock'))\n"
    )
    os.environ["REPRISE_TEST_TOKEN"] = "controller"
    try:
        here.finished(code)
    finally:
        del os.environ["REPRISE_TEST_TOKEN"]

    assert here.log().splitlines() == [
        "[]",
        "False False False",
        "[]",
        str(["home", "hook", "inside", "output", "runner.pyz", "tree", "trial"]),
        "False",
        "0",
    ]


def test_symlinked_outputs_are_named_and_never_followed(here: Here) -> None:
    wanted = spec(artifacts=("secret", "passwd", "fifo", "inside", "gone/x"))
    code = (
        "import os\n"
        f"os.symlink({str(here.state / 'token')!r}, 'secret')\n"
        "os.symlink('/etc/passwd', 'passwd')\nos.mkfifo('fifo')\n"
        "open('real', 'w').write('x')\nos.symlink('real', 'inside')\n"
        f"os.symlink({str(here.state)!r}, '/reprise/output/state')\n"
        "os.symlink('/reprise', 'gone')\n"
        f"os.symlink({str(here.state / 'token')!r}, '/reprise/trial/machine.json')\n"
    )

    end = here.finished(code, wanted)

    assert end.reason is Reason.COMPLETED
    assert "leads out of its folder" in end.problems["secret"]
    assert "leads out of its folder" in end.problems["passwd"]
    assert "is a FIFO" in end.problems["fifo"]
    assert "a symbolic link" in end.problems["state"]
    assert {path for path, digest in end.artifacts.items() if digest} == {"inside"}
    kept = [path.read_bytes() for path in (here.state / "runs").rglob("*") if path.is_file()]
    assert not any(b"the controller's secret" in each for each in kept)


def test_escape_sequences_and_garbage_are_kept_as_bytes(here: Here) -> None:
    garbage = bytes(range(256)) + b"\x1b[2J\x1b]0;title\x07\xff\xfe\x00"

    end = here.finished(f"import os\nos.write(1, {garbage!r})")

    log = (here.state / "runs" / jobs.RUN_ID / "trials" / "0-1" / "log.txt").read_bytes()
    assert log == garbage
    assert end.log_bytes == len(garbage)


def test_two_gigabytes_of_output_become_a_log_of_the_allowed_size(here: Here) -> None:
    code = "import os\nblock = b'x' * 1_000_000\nfor i in range(2000):\n    os.write(1, block)\nprint('end')"

    end = here.finished(code, seconds=120)

    log = (here.state / "runs" / jobs.RUN_ID / "trials" / "0-1" / "log.txt").read_bytes()
    assert len(log) <= 1_000_000
    assert log.endswith(b"end\n")
    assert b"bytes left out here" in log
    assert end.log_bytes == 2_000_000_004
    assert end.log_cut > 1_998_000_000


def test_job_that_ignores_sigterm_is_ended_at_its_time_limit(here: Here) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"

    began = time.monotonic()
    end = here.finished(code, spec(timeout_seconds=1))

    assert end.reason is Reason.TIMED_OUT
    assert time.monotonic() - began < 15


def test_stop_ends_a_job_that_ignores_sigterm_within_its_bound(here: Here) -> None:
    code = (
        "import os, signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '{MARK}'])"
    )
    job = here.job(code)
    assert here.runner.start(job) is None
    jobs.until(marked)

    began = time.monotonic()
    here.runner.stop(job)

    assert time.monotonic() - began < 15
    assert marked() == []
    end = jobs.ended(here.runner, job)
    assert isinstance(end, Finished)
    assert end.reason is Reason.CANCELLED


def test_daemon_that_forks_twice_is_gone_with_its_trial(here: Here) -> None:
    code = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        for fd in range(3):\n            os.close(fd)\n"
        "        sleep = 'import time; time.sleep(600)'\n"
        f"        os.execve(sys.executable, [sys.executable, '-c', sleep, '{MARK}'], {{}})\n"
        "    os._exit(0)\ntime.sleep(1)\n"
    )
    job = here.job(code)
    assert here.runner.start(job) is None
    jobs.until(marked)

    jobs.ended(here.runner, job, seconds=30)

    assert marked() == []


def test_forged_result_does_not_decide(here: Here) -> None:
    code = (
        "import json, os\n"
        "facts = dict(outcome='exited', error=None, detail='', exit_code=0, signal=None,\n"
        "  started_at=0.0, seconds=0.0, cpu_seconds=0.0, peak_memory_bytes=0, log_bytes=0,\n"
        "  log_cut=0, problems=[])\n"
        "json.dump(facts, open('/reprise/trial/result.json', 'w'))\n"
        "os.chmod('/reprise/trial', 0o500)\n"
        "raise SystemExit(7)"
    )

    job = here.job(code)
    assert here.runner.start(job) is None
    end = jobs.ended(here.runner, job, seconds=30)

    assert getattr(end, "reason", None) is not Reason.COMPLETED


def test_what_people_read_says_what_holds(here: Here) -> None:
    seen = here.provider.observe(jobs.RUN_ID)

    assert isinstance(seen, Allocation)
    assert seen.network == "off"
    for words in (
        "not root",
        "no capabilities",
        "read-only root",
        "seccomp",
        "64 processes",
        "100 MB of disk",
    ):
        assert words in seen.isolation


def test_two_controllers_on_one_engine_do_not_touch_each_other(here: Here, tmp_path: Path) -> None:
    other = trials.here(tmp_path / "other", here.engine.host, here.image)
    other.provider.request(jobs.RUN_ID, spec())
    job = here.job("import time\ntime.sleep(600)")
    assert here.runner.start(job) is None

    other.provider.release(jobs.RUN_ID)

    assert other.provider.owned() == ()
    assert here.provider.owned() == (jobs.RUN_ID,)
    assert len(here.engine.containers({"reprise.run": jobs.RUN_ID})) == 1
    assert here.runner.observe(job)
    other.engine.close()
