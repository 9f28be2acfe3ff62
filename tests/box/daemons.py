"""The three programs of a box, each with its own folder, socket or port, and a log that errors quote."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.box import packages
from tests.box.lacking import Lacking
from tests.box.leftovers import MARK
from tests.box.network import bridge_name
from tests.box.programs import Programs

READY_LIMIT = 60.0
ENDING_LIMIT = 20.0
FULL = 12_000
"""Characters of a log that hold the beginning of a Go program's panic."""


@dataclass(frozen=True)
class Daemon:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


def start(box: Path, name: str, argv: list[str | Path], path: str = packages.SYSTEM_PATH) -> Daemon:
    log = box / f"{name}.log"
    environment = {"PATH": path, "HOME": str(box), MARK: str(box), "TMPDIR": str(box / "tmp")}
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            env=environment,
            cwd=box,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    (box / f"{name}.pid").write_text(str(process.pid))
    return Daemon(name, process, log)


def await_answer(daemon: Daemon, answers: Callable[[], bool], limit: float = READY_LIMIT) -> None:
    """Raises Lacking with the end of its log."""
    deadline = time.monotonic() + limit
    while not answers():
        if daemon.process.poll() is not None:
            raise Lacking(f"{daemon.name} ended at its start: {last_words(daemon)}")
        if time.monotonic() > deadline:
            raise Lacking(f"{daemon.name} does not answer after {limit:.0f} s: {last_words(daemon)}")
        time.sleep(0.05)


def say_how_it_ended(daemon: Daemon) -> None:
    told = f"box: {daemon.name} had ended with {daemon.process.returncode}: {last_words(daemon, FULL)}"
    print(told, file=sys.stderr, flush=True)


def last_words(daemon: Daemon, characters: int = 800) -> str:
    return daemon.log.read_text(errors="replace").strip()[-characters:]


def end(daemons: list[Daemon]) -> None:
    """Asks all, then insists. What had ended before is told on standard error: it made tests fail."""
    for daemon in daemons:
        if daemon.process.poll() is not None:
            say_how_it_ended(daemon)
        daemon.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + ENDING_LIMIT
    for daemon in daemons:
        try:
            daemon.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            daemon.process.kill()
            daemon.process.wait(ENDING_LIMIT)


def start_engine(box: Path) -> Daemon:
    argv: list[str | Path] = [
        packages.program("dockerd"),
        *("--data-root", box / "engine", "--exec-root", box / "exec", "--pidfile", box / "engine.pid"),
        *("--host", f"unix://{engine_socket(box)}", "--group", str(os.getegid())),
        *("--config-file", box / "engine.json"),
        *("--bridge", bridge_name(box), "--iptables=false", "--ip6tables=false", "--ip-masq=false"),
        *("--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{box.name}"),
        *("--containerd-namespace", box.name, "--containerd-plugins-namespace", f"{box.name}-plugins"),
        *("--shutdown-timeout", "3", "--log-level", "warn"),
    ]
    (box / "engine.json").write_text("{}")
    return start(box, "dockerd", argv, f"{_gpu_hook(box)}:{packages.SYSTEM_PATH}")


def _gpu_hook(box: Path) -> Path:
    """A folder with what NVIDIA's toolkit brings: a container that asks for GPUs starts, and gets none."""
    hook = box / "gpus" / "nvidia-container-runtime-hook"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexec cat > /dev/null\n")
    hook.chmod(0o755)
    return hook.parent


def engine_socket(box: Path) -> Path:
    return box / "engine.sock"


def engine_answers(box: Path) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        with contextlib.closing(connection):
            connection.sock.settimeout(5)
            connection.sock.connect(str(engine_socket(box)))
            connection.request("GET", "/_ping")
            return connection.getresponse().status == 200
    return False


def start_registry(box: Path, address: str) -> Daemon:
    settings = box / "registry.yaml"
    settings.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage:\n  filesystem: {{rootdirectory: {box}/registry}}\n  delete: {{enabled: true}}\n"
        f"http: {{addr: '{address}'}}\n"
    )
    return start(box, "docker-registry", [packages.program("docker-registry"), "serve", settings])


def registry_answers(address: str) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(address, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/v2/")
            return connection.getresponse().status == 200
    return False


def start_buildkit(box: Path, programs: Programs, registry: str) -> Daemon:
    settings = box / "buildkitd.toml"
    settings.write_text(
        f'root = "{box}/buildkit"\n'
        f'[grpc]\naddress = ["{buildkit_address(box)}"]\n'
        f"[worker.containerd]\nenabled = false\n"
        f'[worker.oci]\nenabled = true\nnetworkMode = "host"\ndefaultCgroupParent = "{box.name}/buildkit"\n'
        f"gc = false\n"  # it would take cached layers away where a disk is rather full
        f"[cdi]\ndisabled = true\n"
        f'[registry."{registry}"]\nhttp = true\n'
    )
    return start(box, "buildkitd", [programs.buildkitd, "--config", settings])


def buildkit_address(box: Path) -> str:
    return f"unix://{box}/buildkit.sock"


def buildkit_answers(box: Path, programs: Programs) -> bool:
    if not (box / "buildkit.sock").exists():
        return False
    asking = ["--addr", buildkit_address(box), "--timeout", "5", "debug", "workers"]
    return subprocess.run([programs.buildctl, *asking], capture_output=True, timeout=20).returncode == 0


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
