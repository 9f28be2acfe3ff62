"""The first process of a machine: makes it look like one, keeps its sshd, ends everything with its input.

Started by `machine.py` in new namespaces, with the machine's folder as its only argument. No imports of ours.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

USER, UID = "cc", 1000
LIMIT = 20


def main(folder: Path) -> None:
    say("up")
    wish: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    own_folders(folder, wish)
    network(wish)
    daemon = start_sshd(folder)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans become our children, and nobody else buries them
    say("ready")
    while line := sys.stdin.buffer.readline():
        match line.strip():
            case b"stop":
                end(daemon)
            case b"start":
                daemon = start_sshd(folder)
        say("done")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_all()
    run(
        "ip", "link", "delete", "eth0"
    )  # a connection that waits for its peer would keep both ends for minutes
    shutil.rmtree(folder, ignore_errors=True)


def own_folders(folder: Path, wish: dict[str, Any]) -> None:
    """A copy of /etc, where our user is, and an empty /run: what is written there stays in here."""
    run("mount", "-t", "tmpfs", "-o", "mode=755", "none", "/run")
    run("cp", "-a", "/etc", "/run/etc")
    run("mount", "--bind", "/run/etc", "/etc")
    Path("/run/sshd").mkdir(mode=0o755)
    run("hostname", wish["name"])
    write_users(folder, wish)
    write_sudoers(wish["path"])
    if wish["engine"]:
        Path("/run/docker.sock").touch()  # no link: the folder of the real one may be closed to our user
        run("mount", "--bind", wish["engine"], "/run/docker.sock")


def write_users(folder: Path, wish: dict[str, Any]) -> None:
    passwd, group, shadow = (Path("/etc") / name for name in ("passwd", "group", "shadow"))
    add(passwd, f"{USER}:x:{UID}:{UID}::{folder}/home:/bin/sh", keep=lambda line: f":{UID}:" not in line)
    add(group, f"{USER}:x:{UID}:", keep=lambda line: f":{UID}:" not in line)
    if wish["engine"]:
        gid = os.stat(wish["engine"]).st_gid
        add(group, f"docker:x:{gid}:{USER}", keep=lambda line: not line.startswith("docker:"))
    add(shadow, f"{USER}:*:19000:0:99999:7:::", keep=lambda line: not line.startswith(f"{USER}:"))
    os.chown(folder / "home", UID, UID)


def add(file: Path, line: str, *, keep: Any) -> None:
    file.write_text("".join(f"{old}\n" for old in file.read_text().splitlines() if keep(old)) + line + "\n")


def write_sudoers(path: str) -> None:
    sudoers = Path("/etc/sudoers")
    sudoers.unlink(missing_ok=True)
    sudoers.write_text(f'Defaults secure_path="{path}"\nroot ALL=(ALL) ALL\n{USER} ALL=(ALL) NOPASSWD: ALL\n')
    sudoers.chmod(0o440)
    with Path("/etc/hosts").open("a") as hosts:
        hosts.write(f"127.0.0.1 {os.uname().nodename}\n")


def network(wish: dict[str, Any]) -> None:
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", wish["address"], "dev", "eth0")
    run("ip", "link", "set", "eth0", "up")
    run("ip", "route", "add", "default", "via", wish["gateway"])
    for name in ("eth0", "all"):  # floating addresses of tests are loopback ones
        Path(f"/proc/sys/net/ipv4/conf/{name}/route_localnet").write_text("1")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def start_sshd(folder: Path) -> "subprocess.Popen[bytes]":
    pid = folder / "sshd.pid"
    pid.unlink(missing_ok=True)
    daemon = subprocess.Popen(
        ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "sshd.log").open("ab"),
    )
    while not pid.exists():  # it is written when the port is open
        if daemon.poll() is not None:
            say(f"sshd ended: {(folder / 'sshd.log').read_text()[-800:]}")
            sys.exit(1)
        signal.sigtimedwait([], 0.01)
    return daemon


def end(daemon: "subprocess.Popen[bytes]") -> None:
    """And all of its sessions, as a machine does that goes down."""
    daemon.kill()
    daemon.wait(LIMIT)
    end_all()


def end_all() -> None:
    """Everything but ourselves, who is 1 here."""
    try:
        os.kill(-1, signal.SIGKILL)
        while True:
            os.waitpid(-1, 0)
    except (ProcessLookupError, ChildProcessError):
        return


def run(*words: "str | Path") -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT)
    if done.returncode != 0:
        say(f"{words[0]} failed: {done.stderr.strip()}")
        sys.exit(1)


def say(text: str) -> None:
    print(json.dumps(text), flush=True)


main(Path(sys.argv[1]))
