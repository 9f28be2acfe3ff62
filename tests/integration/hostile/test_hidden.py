"""What a job cannot see, reach or change: the controller's files, processes, ports and environments."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
from tests import jobs

from reprise.adapters.process import frozen
from reprise.adapters.process.isolation import Isolation
from reprise.adapters.process.quarters import Quarters
from reprise.adapters.process.runner import ProcessRunner
from reprise.domain.errors import Refused
from reprise.domain.spec.model import Network

TELL = """
import json, os, sys
said = {}
def attempt(name, function):
    try:
        said[name] = function()
    except OSError as error:
        said[name] = error.strerror or type(error).__name__
def tell():
    json.dump(said, open(os.path.join(os.environ['REPRISE_OUTPUT_DIR'], 'said.json'), 'w'))
"""


def said(
    runner: ProcessRunner, state: Path, code: str, *, network: Network = Network.FETCH_ONLY
) -> dict[str, object]:
    """What a job of this code found out."""
    job = jobs.python_job(state, f"{TELL}\n{code}\ntell()", jobs.spec(network=network))
    end = jobs.finished(runner, job)
    assert end.exit_code == 0, (end, (job.results / "log.txt").read_text())
    answer: dict[str, object] = json.loads((job.results / "files" / "said.json").read_text())
    return answer


def test_state_folder_is_empty_but_for_what_the_trial_works_in(
    runner: ProcessRunner, state: Path, apart: Isolation
) -> None:
    for name, mode in (("reprise.db", 0o644), ("token", 0o600)):
        (state / name).write_text("secret")
        (state / name).chmod(mode)
    (state / "runs" / "other").mkdir(parents=True)
    (state / "cache" / "git").mkdir(parents=True)

    seen = said(
        runner,
        state,
        f"attempt('state', lambda: sorted(os.listdir({str(state)!r})))\n"
        f"attempt('database', lambda: open({str(state / 'reprise.db')!r}).read())\n"
        "attempt('trial', lambda: sorted(os.listdir(os.path.dirname(os.getcwd()))))\n"
        "attempt('home', lambda: os.listdir(os.path.expanduser('~')))\n"
        "attempt('hook', lambda: open('../hook/at_exit.py', 'w').close())\n"
        f"attempt('write', lambda: open({str(state / 'new')!r}, 'w').close())\n",
    )

    assert seen["state"] == ["environment", "work"]
    assert seen["database"] == "No such file or directory"
    assert seen["trial"] == ["home", "hook", "inside", "output", "tmp", "tree"]
    assert seen["home"] == []
    assert seen["hook"] in ("Read-only file system", "Permission denied")
    assert not (state / "new").exists()
    assert (state / "reprise.db").read_text() == "secret"


def test_file_that_a_secret_comes_from_is_empty(
    isolation: Isolation, apart: Isolation, tmp_path: Path, state: Path
) -> None:
    secret = Path(f"/var/tmp/../..{tmp_path}").resolve() / "token"
    secret.write_text("secret")
    runner = ProcessRunner(quarters=Quarters(isolation, (state, secret)))

    seen = said(runner, state, f"attempt('secret', lambda: open({str(secret)!r}).read())")

    assert seen["secret"] in ("", "No such file or directory")


def test_no_other_process_can_be_seen_or_ended(runner: ProcessRunner, state: Path, apart: Isolation) -> None:
    with subprocess.Popen(("sleep", "600"), env={"TOKEN": "secret", "PATH": os.defpath}) as victim:
        try:
            seen = said(
                runner,
                state,
                "attempt('me', os.getpid)\n"
                "attempt('pids', lambda: sorted(int(e) for e in os.listdir('/proc') if e.isdigit()))\n"
                f"attempt('environ', lambda: open('/proc/{victim.pid}/environ').read())\n"
                f"attempt('kill', lambda: os.kill({victim.pid}, 9))\n"
                "attempt('init', lambda: open('/proc/1/environ').read())\n"
                "attempt('end', lambda: os.kill(1, 9))\n",
            )
            assert victim.poll() is None
        finally:
            victim.kill()

    assert seen["pids"] == [1, seen["me"]]
    assert seen["environ"] == "No such file or directory"
    assert seen["kill"] == "No such process"
    assert seen["init"] == "Permission denied"


def test_loopback_ports_of_the_controller_and_of_mlflow_refuse(
    runner: ProcessRunner, state: Path, cut: Isolation
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        seen = said(
            runner,
            state,
            "import socket\n"
            f"attempt('port', lambda: socket.create_connection(('127.0.0.1', {port}), 2).close())\n"
            "attempt('outside', lambda: socket.create_connection(('192.0.2.1', 80), 2).close())\n"
            "own = socket.create_server(('127.0.0.1', 0))\n"
            "attempt('own', lambda: socket.create_connection(own.getsockname(), 2).close())\n",
        )

    assert seen == {"port": "Connection refused", "outside": "Network is unreachable", "own": None}


def test_open_network_is_what_the_spec_asks_for(runner: ProcessRunner, state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        seen = said(
            runner,
            state,
            "import socket\n"
            f"attempt('port', lambda: socket.create_connection({listening.getsockname()!r}, 5).close())\n",
            network=Network.OPEN,
        )

    assert seen == {"port": None}


def test_environment_and_system_cannot_be_written(
    runner: ProcessRunner, state: Path, apart: Isolation
) -> None:
    environment = Path(jobs.built(state / "environment").location)
    before = frozen.fingerprint(environment)

    seen = said(
        runner,
        state,
        f"place = {str(environment)!r}\n"
        "attempt('new', lambda: open(place + '/new', 'w').close())\n"
        "attempt('mode', lambda: os.chmod(place, 0o777))\n"
        "attempt('system', lambda: open('/usr/reprise-was-here', 'w').close())\n"
        "attempt('library', lambda: open(os.path.join(sys.prefix, 'here'), 'w').close())\n",
    )

    assert set(seen.values()) == {"Read-only file system"}
    assert frozen.fingerprint(environment) == before


def test_hidden_things_cannot_be_uncovered(runner: ProcessRunner, state: Path, apart: Isolation) -> None:
    """Also not with the rights that a user namespace of the job's own would give it."""
    (state / "token").write_text("secret")
    seen = said(
        runner,
        state,
        "import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "libc.unshare(0x10000000 | 0x20000)\n"
        f"state = {str(state)!r}.encode()\n"
        "for place in (state, b'/tmp', b'/run', b'/proc'):\n"
        "    libc.umount2(place, 2)\n"
        "libc.mount(b'/', b'/tmp', None, ctypes.c_ulong(4096), None)\n"
        f"attempt('token', lambda: open({str(state / 'token')!r}).read())\n"
        f"attempt('again', lambda: open('/tmp' + {str(state / 'token')!r}).read())\n"
        f"attempt('through', lambda: open('/proc/1/root' + {str(state / 'token')!r}).read())\n"
        "libc.mount(None, place, None, ctypes.c_ulong(32 | 4096), None)\n",
    )

    assert "secret" not in seen.values()


def test_temporary_files_are_the_trials_own(runner: ProcessRunner, state: Path, apart: Isolation) -> None:
    """Worker processes make sockets below TMPDIR, whose names must be short."""
    seen = said(
        runner,
        state,
        "import multiprocessing, tempfile\n"
        "attempt('made', lambda: tempfile.mkstemp(dir='/tmp')[1])\n"
        "attempt('variable', lambda: os.environ['TMPDIR'])\n"
        "with multiprocessing.Manager() as manager:\n"
        "    attempt('shared', lambda: manager.list([1])[0])\n"
        "shared = multiprocessing.Array('i', 3)\n",
    )

    assert seen["variable"] == "/tmp"
    assert seen["shared"] == 1
    assert not Path(str(seen["made"])).exists()


def test_job_is_nobody_with_a_name(runner: ProcessRunner, state: Path, isolation: Isolation) -> None:
    seen = said(
        runner,
        state,
        "import getpass\n"
        "attempt('name', getpass.getuser)\n"
        "attempt('ids', lambda: [os.getuid(), os.getgid(), *os.getgroups()])\n"
        "attempt('stdout', lambda: open('/dev/stdout', 'w').write('said\\n'))\n"
        "attempt('become', lambda: os.setuid(0))\n",
    )

    assert seen["name"] == "reprise"
    assert seen["stdout"] == 5
    if isolation.uid:
        assert seen["ids"] == [64001, 64001]
        assert seen["become"] == "Operation not permitted"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change its user")
def test_a_throw_away_user_alone_keeps_files_variables_and_programs_from_a_job(state: Path) -> None:
    """Where root has no namespaces, as in a plain container."""
    (state / "token").write_text("secret")
    (state / "token").chmod(0o600)
    (state / "reprise.db").write_text("secret")
    runner = ProcessRunner(quarters=Quarters(Isolation(uid=True), (state,)))
    with subprocess.Popen(("sleep", "600"), env={"TOKEN": "secret", "PATH": os.defpath}) as victim:
        proc = f"/proc/{victim.pid}"
        try:
            seen = said(
                runner,
                state,
                "for name in ('token', 'reprise.db'):\n"
                f"    attempt(name, lambda: open(os.path.join({str(state)!r}, name)).read())\n"
                f"attempt('list', lambda: os.listdir({str(state)!r}))\n"
                f"attempt('environ', lambda: open('{proc}/environ').read())\n"
                f"attempt('maps', lambda: open('{proc}/maps').read())\n"
                f"attempt('fd', lambda: os.listdir('{proc}/fd'))\n"
                f"attempt('kill', lambda: os.kill({victim.pid}, 9))\n",
            )
            assert victim.poll() is None
        except Refused as refused:
            pytest.skip(f"not from where this Python or checkout lies: {refused}")
        finally:
            victim.kill()

    assert set(seen.values()) <= {"Permission denied", "Operation not permitted"}, seen
    assert len(seen) == 7


@pytest.mark.skipif(os.geteuid() == 0, reason="only an ordinary user needs a user namespace")
def test_ordinary_user_is_meant(isolation: Isolation) -> None:
    assert isolation.user_namespace
