"""Finds out how a job can be kept apart on this machine, by trying it. Started by isolation.py.

``python -I -m reprise.adapters.process.possible`` prints a `Probe` as JSON. A process of its own, since
what is tried changes whoever tries it.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable

from reprise_runner import confinement

PROBE_UID = 64000


def probe() -> dict[str, object]:
    """Why not, per kind of isolation; empty = possible."""
    root = os.geteuid() == 0
    return {
        "root": root,
        "chroot": in_chroot(),
        "uid": attempt(try_uid) if root else "only root may change its user",
        "mounts": attempt(lambda: try_mounts(user=not root)),
        "network": attempt(lambda: try_network(user=not root)),
    }


def attempt(change: Callable[[], None]) -> str:
    """What ``change`` raised in a process of its own."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            change()
        except (OSError, confinement.Refused) as error:
            os.write(writer, str(error).encode()[:500])
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        said = file.read().decode()
    os.waitpid(pid, 0)
    return said


def try_uid() -> None:
    os.setgroups([])
    os.setresgid(PROBE_UID, PROBE_UID, PROBE_UID)
    os.setresuid(PROBE_UID, PROBE_UID, PROBE_UID)


def try_mounts(*, user: bool) -> None:
    """A whole job: hides a folder and shows a part of it."""
    with tempfile.TemporaryDirectory(prefix="reprise-probe-") as folder:
        for name in ("hidden/shown", "scratch"):
            os.makedirs(os.path.join(folder, name))
        hidden = os.path.join(folder, "hidden")
        shown = [[os.path.join(hidden, "shown"), True], [sys.base_prefix, False]]
        plan = confinement.Plan(None, user, True, False, [hidden], shown, os.path.join(folder, "scratch"))
        output = os.open(os.devnull, os.O_WRONLY)
        nothing = [os.path.realpath(sys.executable), "-I", "-S", "-c", ""]
        started = confinement.start(plan, confinement.Command(nothing, "/", {}, output, output))
        os.waitpid(started.pid, 0)


def try_network(*, user: bool) -> None:
    if user:
        confinement.unshare_user()
    confinement.libc("unshare", confinement.CLONE_NEWNET)
    confinement.raise_loopback()


def in_chroot() -> bool:
    """Whether our root folder is no mount of its own, where the kernel refuses user namespaces."""
    try:
        with open("/proc/self/mountinfo") as file:
            return not any(line.split()[4] == "/" for line in file)
    except OSError:
        return False


if __name__ == "__main__":
    sys.stdout.write(json.dumps(probe()))
