"""Statuses and check runs of a commit as people read them: one list, one sentence, one sign."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from reprise.forge.access import Call
from reprise.forge.api.statuses import latest_of_each as latest_statuses
from reprise.forge.api.statuses import newest_first
from reprise.forge.checks import CheckRun, latest_of_each
from reprise.forge.records import App, Repository, Status


class Look(Enum):
    """How something stands, worst first."""

    BAD = "bad"
    ASKS = "asks"
    WAITS = "waits"
    GOOD = "good"
    QUIET = "quiet"


OF_STATE: dict[str, Look] = {
    "success": Look.GOOD,
    "failure": Look.BAD,
    "error": Look.BAD,
    "pending": Look.WAITS,
}
OF_CONCLUSION: dict[str, Look] = {
    "success": Look.GOOD,
    "failure": Look.BAD,
    "timed_out": Look.BAD,
    "cancelled": Look.QUIET,
    "neutral": Look.QUIET,
    "skipped": Look.QUIET,
    "action_required": Look.ASKS,
}
COUNTED: dict[Look, str] = {
    Look.BAD: "failing",
    Look.ASKS: "waiting for an answer",
    Look.WAITS: "in progress",
    Look.GOOD: "successful",
    Look.QUIET: "neutral",
}
HEADLINES: dict[Look, str] = {
    Look.BAD: "Some checks were not successful",
    Look.ASKS: "Some checks need somebody to act",
    Look.WAITS: "Some checks haven't completed yet",
    Look.GOOD: "All checks have passed",
    Look.QUIET: "All checks have completed",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list."""

    look: Look
    word: str
    name: str
    by: str
    """The login of whoever set it."""
    says: str
    url: str | None
    check_run: bool


@dataclass(frozen=True, slots=True)
class Checks:
    """Everything that was said about one commit."""

    entries: tuple[Entry, ...]

    @property
    def look(self) -> Look | None:
        """The worst; None when there is nothing."""
        return min((entry.look for entry in self.entries), key=list(Look).index, default=None)

    @property
    def pending(self) -> bool:
        return any(entry.look is Look.WAITS for entry in self.entries)

    @property
    def headline(self) -> str:
        return HEADLINES[self.look] if self.look else ""

    @property
    def counts(self) -> str:
        """``3 checks: 1 failing, 2 successful``"""
        counted = Counter(entry.look for entry in self.entries)
        parts = [f"{counted[look]} {COUNTED[look]}" for look in Look if counted[look]]
        many = len(self.entries)
        return f"{many} check{'s' if many != 1 else ''}: {', '.join(parts)}"

    @property
    def passed(self) -> str:
        """``2/3``: how many of all are good."""
        good = sum(entry.look in (Look.GOOD, Look.QUIET) for entry in self.entries)
        return f"{good}/{len(self.entries)}"


def of_commit(call: Call, where: Repository, sha: str) -> Checks:
    """Check runs first, each kind in the order in which its names first appeared."""
    runs = latest_of_each(call.store.all(CheckRun, repository_id=where.id, sha=sha))
    shown = [_of_run(call, where, run) for run in runs]
    return Checks((*shown, *(_of_status(status) for status in _statuses(call, where, sha))))


def _statuses(call: Call, where: Repository, sha: str) -> Sequence[Status]:
    every = newest_first(call.store, where.id, sha)
    latest = {status.context.lower(): status for status in latest_statuses(every)}
    return [latest[context] for context in dict.fromkeys(s.context.lower() for s in every[::-1])]


def _of_status(status: Status) -> Entry:
    return Entry(
        look=OF_STATE[status.state],
        word=status.state,
        name=status.context,
        by=status.creator,
        says=status.description or "",
        url=status.target_url,
        check_run=False,
    )


def _of_run(call: Call, where: Repository, run: CheckRun) -> Entry:
    return Entry(
        look=look_of(run),
        word=(run.conclusion or run.status).replace("_", " "),
        name=run.name,
        by=call.store.get(App, run.app_id).bot,
        says=run.title or lasted(run),
        url=call.links.check_page(run, where),
        check_run=True,
    )


def look_of(run: CheckRun) -> Look:
    return OF_CONCLUSION[run.conclusion] if run.conclusion else Look.WAITS


def lasted(run: CheckRun) -> str:
    """``ran 2 m 5 s``; empty as long as it has not ended."""
    if run.completed_at is None:
        return ""
    ended, began = datetime.fromisoformat(run.completed_at), datetime.fromisoformat(run.started_at)
    minutes, seconds = divmod(max(0, int((ended - began).total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if count]
    return f"ran {' '.join(parts[:2]) or '0 s'}"
