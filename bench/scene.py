"""A forge, a repository and a controller as real processes, and what can be seen of them from outside.

Whoever measures starts and stops them here, so that nothing outlives a benchmark.
"""

import json
import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from reprise.demo.people import Person
from reprise.demo.services import Services

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "reprise"
DEADLINE_SECONDS = 120.0
TICKS = os.sysconf("SC_CLK_TCK")
T = TypeVar("T")


class Scene:
    """One researcher's repository on a forge, and the controller that watches it."""

    def __init__(self, services: Services, files: Mapping[str, str]) -> None:
        self.services = services
        services.start_forge()
        self.ada = Person("ada", services.account("ada"), services.forge_url)
        self._token = services.account("reprise-bot")
        self.copy = services.folder / "working-copy"
        made = self.add_repository("trivial")
        self.name, self.repository_id = made["full_name"], made["id"]
        self.copy.mkdir()
        for name, text in files.items():
            (self.copy / name).parent.mkdir(exist_ok=True)
            (self.copy / name).write_text(text)
        self.ada.git(self.copy, "init", "--quiet", "--initial-branch", "main")
        self.ada.git(self.copy, "remote", "add", "origin", made["clone_url"])
        self.commit("The first commit")
        self.ada.git(self.copy, "push", "--quiet", "origin", "main")

    def add_repository(self, name: str) -> dict[str, Any]:
        made: dict[str, Any] = self.ada.call("POST", "user/repos", name=name)
        self.ada.call("PUT", f"repos/{made['full_name']}/collaborators/reprise-bot", permission="push")
        return made

    def add_hook(self, *events: str) -> None:
        url = f"{self.services.url}/webhooks/github"
        config = {"url": url, "content_type": "json", "secret": self.services.secret}
        self.ada.call(
            "POST",
            f"repos/{self.name}/hooks",
            name="web",
            events=events or ["push", "create"],
            config=config,
        )

    def start_controller(self, more: Mapping[str, str] = MappingProxyType({})) -> "subprocess.Popen[bytes]":
        """Returns when it answers."""
        return self.services.start_controller(watch=self.name, token=self._token, more=more)

    def settings(self) -> dict[str, str]:
        """What a second program needs to look like this controller, with a state folder of its own."""
        return {
            "REPRISE_WATCH": self.name,
            "REPRISE_GITHUB__API_URL": f"{self.services.forge_url}/api/v3",
            "REPRISE_GITHUB__TOKEN": self._token,
            "REPRISE_GITHUB__WEBHOOK_SECRET": self.services.secret,
            "REPRISE_CACHE_DIR": str(CACHE),
        }

    def commit(self, message: str) -> None:
        self.ada.git(self.copy, "add", "--all")
        self.ada.git(self.copy, "commit", "--quiet", "--allow-empty", "--message", message)

    def push_tags(self, prefix: str, number: int) -> None:
        """As many commits with the files of the last one, a tag on each, in one push."""
        tree = self.ada.git(self.copy, "rev-parse", "HEAD^{tree}")
        made = []
        for index in range(number):
            line = f"{prefix}{index}"
            made.append(
                f"commit refs/tags/{line}\ncommitter ada <ada@localhost> {1_700_000_000 + index} +0000\n"
                f"data {len(line)}\n{line}\nM 040000 {tree} \n"
            )
        subprocess.run(
            ["git", "fast-import", "--quiet"],
            cwd=self.copy,
            input="\n".join(made).encode(),
            check=True,
            timeout=60,
        )
        self.ada.git(self.copy, "push", "--quiet", "origin", "--tags")

    def api(self, path: str) -> Any:
        with self.services.api() as client:
            return client.get(path).raise_for_status().json()

    def rows(self, query: str, file: str = "reprise.db") -> list[Any]:
        """Of the controller's own tables, read beside it."""
        path = self.services.state / file
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(query).fetchall()

    def count(self, query: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {query}")[0][0])  # noqa: S608 - our own words

    def log(self, event: str) -> list[dict[str, Any]]:
        """Entries of the controller's log with this name, since its last start."""
        return entries(self.services.log("controller"), event)


@contextmanager
def scene(files: Mapping[str, str]) -> Iterator[Scene]:
    with (
        tempfile.TemporaryDirectory(prefix="reprise-bench-") as folder,
        Services(Path(folder), CACHE) as services,
    ):
        yield Scene(services, files)


def awaited(condition: Callable[[], T], seconds: float = DEADLINE_SECONDS, pause: float = 0.005) -> T:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(pause)
    raise SystemExit(f"it did not happen within {seconds:g} s")


def entries(log: Path, event: str) -> list[dict[str, Any]]:
    lines = log.read_text(errors="replace").splitlines()
    found = (json.loads(line) for line in lines if line.startswith("{") and line.endswith("}"))
    return [entry for entry in found if entry.get("event") == event]


def at(entry: dict[str, Any]) -> float:
    """When a log entry was written, in seconds since 1970."""
    return datetime.fromisoformat(entry["timestamp"].replace("Z", "+00:00")).timestamp()


def memory_mb(pid: int) -> float:
    """Proportional set size: memory that others share counts for its part only."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    line = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """User and system time of this process, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_percent(pid: int, seconds: float) -> float:
    """Of one core, over the next ``seconds``."""
    began, used = time.monotonic(), cpu_seconds(pid)
    time.sleep(seconds)
    return 100 * (cpu_seconds(pid) - used) / (time.monotonic() - began)
