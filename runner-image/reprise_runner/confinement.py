"""Starts a job in a place of its own: another user, a view of the files, no network, limits.

Needs nothing but a Python >= 3.8 and its standard library, because it travels with the supervisor.
Used by ``supervisor.py`` for trials, by ``possible.py``, and as a program for builds:
``python -I -S confinement.py PLAN COMMAND …`` exits with the command's code.

With ``mounts`` the job gets an init process of its own: it is pid 1 of the job's pid namespace, reaps,
and reports how the job ended. When it goes, the kernel ends everything in the namespace.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
from typing import Any, NamedTuple

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER = 0x00020000, 0x08000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
NO_PLACE = 125
SYS_MOUNT_SETATTR = 442
"""The same on every architecture; Linux 5.12."""
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
SCRATCH_NAMES = ("/tmp", "/var/tmp")  # noqa: S108  (mounted over, not written to)


class Plan(NamedTuple):
    uid: int | None = None
    """User and group of the job; None = ours."""
    user: bool = False
    """A user namespace of its own: what an ordinary user needs for the others."""
    mounts: bool = False
    """Mount, pid and IPC namespaces of its own, all read-only but what ``show`` says."""
    network_off: bool = False
    hide: list[str] = []  # noqa: RUF012  (a default of a tuple, never changed)
    """Folders and files that are empty for the job."""
    show: list[list[Any]] = []  # noqa: RUF012
    """``[path, writable]``, also below what is hidden."""
    scratch: str = ""
    """The folder that the job sees as ``/tmp`` and ``/var/tmp``."""
    processes: int | None = None
    """RLIMIT_NPROC; it never binds root."""
    group: str = ""
    """Folder of the control group to enter."""


class Refused(Exception):
    """The place could not be made. Nothing was started."""


class Started(NamedTuple):
    pid: int
    """The job's own process, or its init."""
    report: int | None
    """Where the init writes the job's wait status; None: wait for ``pid``."""


class Command(NamedTuple):
    argv: list[str]
    cwd: str
    env: dict[str, str]
    output: int
    """Descriptors."""
    errors: int


def start(plan: Plan, command: Command) -> Started:
    """Raises OSError when the command cannot be executed, Refused when its place cannot be made."""
    if plan.uid is not None:
        own(plan.uid, command.output)
    if not plan.mounts:
        process = popen(plan, command)
        process.returncode = 0  # reaped by whoever called us, together with orphans
        return Started(process.pid, None)
    reader, writer = os.pipe()
    try:
        if plan.user:
            unshare_user()
        libc("unshare", CLONE_NEWPID)  # for the child; we stay where we are
    except OSError as error:
        raise Refused(str(error)) from error
    pid = os.fork()
    if pid == 0:
        be_init(plan, command, writer)
    os.close(writer)
    first = read_message(reader) or {"refused": "its init process died"}
    if "started" in first:
        return Started(pid, reader)
    os.waitpid(pid, 0)
    os.close(reader)
    if "refused" in first:
        raise Refused(first["refused"])
    raise OSError(first["errno"], os.strerror(first["errno"]))


def own(uid: int, output: int) -> None:
    """So that the job may open /dev/stdout, which is the pipe by a name."""
    if stat.S_ISFIFO(os.fstat(output).st_mode):
        os.fchown(output, uid, uid)


def read_message(report: int) -> dict[str, Any] | None:
    """One line of an init; None when it is gone."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(report, 1)
        if not byte:
            return None
        line += byte
    message: dict[str, Any] = json.loads(line)
    return message


def say(report: int, message: dict[str, Any]) -> None:
    os.write(report, json.dumps(message).encode() + b"\n")


def be_init(plan: Plan, command: Command, report: int) -> None:
    """Does not return. As pid 1 it is immune to every signal that comes from inside."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    code = 1
    try:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
        told = start_inside(plan, command)
        say(report, told)
        if "started" in told:
            os.close(command.output)
            reap_all(told["started"], report)
            code = 0
    finally:
        os._exit(code)


def start_inside(plan: Plan, command: Command) -> dict[str, Any]:
    """The job's pid, or what went wrong."""
    try:
        enter_group(plan)
        libc("unshare", CLONE_NEWNS | CLONE_NEWIPC | (CLONE_NEWNET if plan.network_off else 0))
        if plan.network_off:
            raise_loopback()
        arrange(plan)
    except OSError as error:
        return {"refused": str(error)}
    try:
        process = popen(plan, command)
    except OSError as error:
        return {"errno": error.errno or errno.EINVAL}
    except (ValueError, Refused) as error:
        return {"refused": str(error)}
    process.returncode = 0
    return {"started": process.pid}


def reap_all(job: int, report: int) -> None:
    """Until nobody is left, telling when the job itself ended."""
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return
        if pid == job:
            say(report, {"status": status})


def popen(plan: Plan, command: Command) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=command.env,
            stdin=subprocess.DEVNULL,
            stdout=command.output,
            stderr=command.errors,
            start_new_session=True,
            preexec_fn=lambda: settle(plan),  # safe: this process has one thread
        )
    except subprocess.SubprocessError as error:
        raise Refused("its user, limits or network could not be set") from error


def settle(plan: Plan) -> None:
    """In the job's process before exec, from more to less privilege."""
    prefer_for_oom()
    if not plan.mounts:
        enter_group(plan)
    if not plan.mounts and plan.network_off:
        libc("unshare", CLONE_NEWNET)
        raise_loopback()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if plan.processes is not None:
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        most = plan.processes if hard == resource.RLIM_INFINITY else min(hard, plan.processes)
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    if plan.uid is not None:
        os.setgroups([])
        os.setresgid(plan.uid, plan.uid, plan.uid)
        os.setresuid(plan.uid, plan.uid, plan.uid)
    if plan.uid is not None or plan.mounts:
        libc("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not plan.mounts:  # after the change of user, which clears it
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))


def enter_group(plan: Plan) -> None:
    """This process, and what it starts from now on."""
    if plan.group:
        with open(os.path.join(plan.group, "cgroup.procs"), "w") as file:
            file.write("0")


def prefer_for_oom() -> None:
    """The job is the first whom the kernel ends for memory."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
    except OSError:
        return  # a hint only


# --- namespaces ---------------------------------------------------------------------------------


def unshare_user() -> None:
    """The same user inside as outside; what is gained ends with the job's exec."""
    uid, gid = os.geteuid(), os.getegid()
    libc("unshare", CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def arrange(plan: Plan) -> None:
    """The job's view of the files, in a mount namespace of our own.

    Sources are opened before anything is covered, so that what is hidden can be shown in part.
    """
    mount("", "/", "", MS_REC | MS_PRIVATE)
    shown = [(path, writable, os.open(path, os.O_PATH)) for path, writable in sorted(plan.show)]
    scratch = os.open(plan.scratch, os.O_PATH)
    null = os.open(os.devnull, os.O_PATH)
    set_attributes("/", ATTR_RDONLY, recursive=True)
    for name in SCRATCH_NAMES:
        if os.path.isdir(name):
            bind(scratch, name, writable=True)
    mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")  # noqa: S108
    covered = [path for path in plan.hide if cover(path, null)]
    for path, writable, source in shown:
        make_place(path, source)
        bind(source, path, writable=writable)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for path in covered:
        set_attributes(path, ATTR_RDONLY)
    for descriptor in (scratch, null, *(source for _, _, source in shown)):
        os.close(descriptor)
    os.chdir("/")


def cover(path: str, null: int) -> bool:
    """Put something empty over it. False when it is a file, or gone with what was covered before."""
    if os.path.isdir(path):
        mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=1m")
        return True
    if os.path.exists(path):
        mount(f"/proc/self/fd/{null}", path, "", MS_BIND)
    return False


def make_place(path: str, source: int) -> None:
    """A mount point for ``source``, where one is missing because its folder was covered."""
    if os.path.lexists(path):
        return
    if os.path.isdir(f"/proc/self/fd/{source}"):
        os.makedirs(path, 0o755, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def bind(source: int, path: str, *, writable: bool) -> None:
    mount(f"/proc/self/fd/{source}", path, "", MS_BIND | MS_REC)
    attributes = ATTR_NOSUID | ATTR_NODEV | (0 if writable else ATTR_RDONLY)
    set_attributes(path, attributes, clear=ATTR_RDONLY if writable else 0, recursive=True)


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    words = [os.fsencode(word) or None for word in (source, target, kind)]
    try:
        libc("mount", *words, ctypes.c_ulong(flags), os.fsencode(options) or None)
    except OSError as error:
        raise OSError(error.errno, f"mounting {kind or 'again'} at {target}: {error.strerror}") from error


def set_attributes(path: str, attributes: int, *, clear: int = 0, recursive: bool = False) -> None:
    wanted = struct.pack("QQQQ", attributes, clear, 0, 0)
    how = AT_RECURSIVE if recursive else 0
    size = ctypes.c_size_t(len(wanted))
    try:
        libc("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), how, wanted, size)
    except OSError as error:
        raise OSError(error.errno, f"closing {path}: {error.strerror}") from error


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack_from("16sh", fcntl.ioctl(anything, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(anything, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def libc(name: str, *arguments: Any) -> None:
    """Call a function of the C library. Raises OSError when it fails."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def prctl(option: int, value: int) -> None:
    """Best effort."""
    try:
        libc("prctl", option, value, 0, 0, 0)
    except OSError:
        return


# --- the command ----------------------------------------------------------------------------------

EXEC_ERRORS = {
    errno.ENOENT: "not_found",
    errno.ENOTDIR: "not_found",
    errno.EACCES: "not_executable",
    errno.EPERM: "not_executable",
    errno.ENOEXEC: "no_interpreter_line",
}


def explain(error: OSError, command: str, cwd: str, path: str) -> str:
    """Why the command could not be executed, in one word."""
    word = EXEC_ERRORS.get(error.errno or 0, "exec_failed")
    found = locate(command, cwd, path)
    if word == "not_found" and found:
        return "interpreter_missing"
    if word == "not_executable" and not found:
        return "not_found"
    return word


def locate(command: str, cwd: str, path: str) -> bool:
    """Whether the command names an existing file, executable or not."""
    if "/" in command:
        return os.path.isfile(os.path.join(cwd, command))
    return any(os.path.isfile(os.path.join(cwd, folder, command)) for folder in path.split(":"))


# --- as a program ---------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    with open(arguments[0]) as file:
        plan = Plan(**json.load(file))
    return run(plan, arguments[1:])


def run(plan: Plan, command: list[str]) -> int:
    """The command's exit code, with our own output and folder, `NO_PLACE` when nothing was started."""
    prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    try:
        started = start(plan, Command(command, os.getcwd(), dict(os.environ), 1, 2))
    except (OSError, Refused) as error:
        print(f"error: the build's place could not be made: {error}", file=sys.stderr)
        return NO_PLACE
    status = os.waitpid(started.pid, 0)[1]
    if started.report is not None:
        status = (read_message(started.report) or {"status": status})["status"]
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
