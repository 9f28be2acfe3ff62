"""Starts a machine and says how it is reached. Who wants to be rid of it leaves the ``with``."""

import contextlib
import ipaddress
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.box import packages
from tests.box.caching import alone
from tests.box.lacking import Lacking
from tests.box.network import addresses

NEEDED = {
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "sudo": "sudo",
    "ip": "iproute2",
    "hostname": "hostname",
}
"""Program to Debian's package."""

USER = "cc"
RANGE = ipaddress.IPv4Network("10.218.0.0/16")
PREFIX = "rpn"
LIMIT = 20
NAMESPACES = ("--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc")


@dataclass(frozen=True)
class Machine:
    name: str
    address: str
    """Of its own; only reachable from where it hangs: this machine, or the one that it is behind."""
    host_key: str
    """One line as in known_hosts without the names."""
    folder: Path
    """Its own and ours, at the same path on both sides."""
    pid: int
    """Of its first process, seen from here."""
    process: "subprocess.Popen[bytes]"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def log(self) -> str:
        """What its sshd says."""
        return (self.folder / "sshd.log").read_text(errors="replace")

    def authorize(self, *public_keys: str) -> None:
        """Exactly these may log in as `USER`. One line each, as in authorized_keys."""
        file = self.folder / "authorized_keys"
        file.with_suffix(".new").write_text("".join(f"{key.strip()}\n" for key in public_keys))
        file.with_suffix(".new").replace(file)

    def program(self, name: str, script: str) -> None:
        """A program that is found there before all others, root finds it too."""
        file = self.folder / "programs" / name
        file.with_suffix(".new").write_text(script)
        file.with_suffix(".new").chmod(0o755)
        file.with_suffix(".new").replace(file)

    def at(self, floating: str) -> None:
        """It answers at this address of 127.0.0.0/8 from now on, to this machine."""
        self._inside("ip", "address", "replace", f"{floating}/32", "dev", "eth0")
        link = PREFIX + self.name
        Path(f"/proc/sys/net/ipv4/conf/{link}/route_localnet").write_text("1")
        _run(
            *("ip", "route", "replace", f"{floating}/32", "dev", link, "table", "local"), "src", self._ours()
        )

    def not_at(self, floating: str) -> None:
        """Any more. Never was is fine."""
        with contextlib.suppress(subprocess.CalledProcessError):
            _run("ip", "route", "delete", f"{floating}/32", "dev", PREFIX + self.name, "table", "local")
            self._inside("ip", "address", "delete", f"{floating}/32", "dev", "eth0")

    def cut(self) -> None:
        """Packets to it vanish without a word, until `mend`."""
        self._inside("ip", "link", "set", "eth0", "arp", "off", "address", "02:00:00:00:00:66")

    def mend(self) -> None:
        self._inside("ip", "link", "set", "eth0", "arp", "on", "address", _hardware(self.name))

    def stop(self) -> None:
        """Its sshd, and everything that runs there."""
        self._tell("stop")

    def start(self) -> None:
        """After `stop`."""
        self._tell("start")

    def run(self, *words: str) -> str:
        """As root, in its network and with its files. Raises CalledProcessError."""
        return _run("nsenter", "--target", str(self.pid), "--all", *words)

    def _inside(self, *words: str) -> None:
        _run("nsenter", "--target", str(self.pid), "--net", *words)

    def _ours(self) -> str:
        return str(ipaddress.IPv4Address(self.address) - 1)

    def _tell(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n".encode())
        self.process.stdin.flush()
        _heard(self.process, "done")


def prepare() -> None:
    """Raises Lacking where this machine cannot have one."""
    if os.geteuid() != 0:
        raise Lacking("a machine to log in to needs root")
    with alone():
        missing = [package for program, package in NEEDED.items() if packages.find(program) is None]
        if missing:
            packages.install(*missing)


@contextmanager
def machine(
    *,
    behind: Machine | None = None,
    engine: Path | None = None,
    lacking: Sequence[str] = (),
    host_key: Path | None = None,
) -> Iterator[Machine]:
    """One that runs. Raises Lacking.

    ``behind``: only that machine reaches it. ``engine``: a Docker Engine's socket of this machine, its own
    there. ``lacking``: programs of this machine that it has not. ``host_key``: a private key to show, a
    new one without.
    """
    prepare()
    name = secrets.token_hex(4)
    folder = _folder(name, lacking, host_key)
    process = subprocess.Popen(
        ["unshare", *NAMESPACES, "--", sys.executable, "-I", Path(__file__).parent / "inside.py", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        try:
            _heard(process, "up")
            pid = _child(process.pid)
            link = _link(name, pid, behind)
            wish = {
                "name": f"node-{name}",
                "address": f"{link}/30",
                "gateway": str(link - 1),
                "engine": None if engine is None else str(engine),
                "path": _path(folder, lacking),
            }
            process.stdin.write(json.dumps(wish).encode() + b"\n")
            process.stdin.flush()
            _heard(process, "ready")
            yield Machine(name, str(link), _public(folder), folder, pid, process)
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            _await_end(process)
            shutil.rmtree(folder, ignore_errors=True)


def _folder(name: str, lacking: Sequence[str], host_key: Path | None) -> Path:
    """Not below pytest's, which other users may not enter."""
    folder = Path(tempfile.gettempdir()) / f"reprise-node-{name}"
    for place in (folder, folder / "home", folder / "programs"):
        place.mkdir(mode=0o755)
    if lacking:
        _system(folder / "system", lacking)
    (folder / "authorized_keys").touch(mode=0o644)
    key = folder / "host_key"
    if host_key is None:
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key))
    else:
        shutil.copy(host_key, key)
        key.chmod(0o600)
    (folder / "sshd_config").write_text(
        f"HostKey {key}\nPidFile {folder}/sshd.pid\nAuthorizedKeysFile {folder}/authorized_keys\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no\nUsePAM no\n"
        f"StrictModes no\nUseDNS no\nSetEnv PATH={_path(folder, lacking)}\n"
    )
    return folder


def _system(folder: Path, lacking: Sequence[str]) -> None:
    """Links to all programs of this machine but these."""
    folder.mkdir(mode=0o755)
    for place in reversed(packages.SYSTEM_PATH.split(":")):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            if program.name not in lacking:
                (folder / program.name).unlink(missing_ok=True)
                (folder / program.name).symlink_to(program)


def _path(folder: Path, lacking: Sequence[str]) -> str:
    return f"{folder}/programs:{folder}/system" if lacking else f"{folder}/programs:{packages.SYSTEM_PATH}"


def _public(folder: Path) -> str:
    return " ".join(_run("ssh-keygen", "-y", "-f", str(folder / "host_key")).split()[:2])


def _link(name: str, pid: int, behind: Machine | None) -> ipaddress.IPv4Address:
    """A cable to it; the address that it has at its end. Removed by the kernel with the machine."""
    taken = addresses()
    while any((net := _some_network()).overlaps(other) for other in taken):
        continue
    ours, theirs = net.hosts()
    link = PREFIX + name
    where = () if behind is None else ("netns", str(behind.pid))
    peer = ("peer", "name", "eth0", "address", _hardware(name), "netns", str(pid))
    _run("ip", "link", "add", link, *where, "type", "veth", *peer)
    for words in (("address", "add", f"{ours}/30", "dev", link), ("link", "set", link, "up")):
        if behind is None:
            _run("ip", *words)
        else:
            behind._inside("ip", *words)
    return theirs


def _some_network() -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network((int(RANGE[0]) + 4 * random.randrange(RANGE.num_addresses // 4), 30))


def _hardware(name: str) -> str:
    return "02:00:" + ":".join(name[at : at + 2] for at in range(0, 8, 2))


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _heard(process: "subprocess.Popen[bytes]", word: str) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    said = json.loads(line) if line else "it ended without a word"
    if said != word:
        raise Lacking(f"a machine to log in to cannot be had here: {said}")


def _await_end(process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + LIMIT
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if process.poll() is None:
        process.kill()  # the kernel ends its child with it
    process.wait(LIMIT)


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
    done.check_returncode()
    return done.stdout
