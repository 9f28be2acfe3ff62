"""What the engine needs from the outside world. Adapters implement these; tests use fakes of them.

Every method is bounded in time by its adapter (see each settings section) and raises
`Retryable` when the outside system did not answer, `Refused` when it said no. Nothing else from a
vendor's library leaves an adapter. Methods are synchronous and may be called from several threads.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from reprise.domain.check import Check
from reprise.domain.forge import Permission, Place, PostedComment, PullRequest, Reaction, Status
from reprise.domain.retention import Item
from reprise.domain.run import (
    Judgement,
    Reason,
    Repository,
    RunId,
    Sha,
    Submodule,
    TrialPlan,
    TrialResult,
    Value,
)
from reprise.domain.spec.model import Spec


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


# --- durable work -------------------------------------------------------------------------------


class Durable(Protocol):
    """All that a workflow may await: a crash throws it away, and it is replayed from these records."""

    async def step(self, name: str, call: Callable[..., Awaitable[Any]], *args: object) -> Any:
        """What ``call`` returned, plain JSON data in and out, recorded under ``name`` and its order.

        A recorded step is never called again. One whose call did not come to its record is called again.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait through restarts: what is left of the time is waited after one."""
        ...


class Workflows(Protocol):
    """Starts workflows and says what became of them."""

    def start(self, workflow_id: str) -> None:
        """Nothing happens when it was started before."""
        ...

    def broken(self, workflow_id: str) -> bool:
        """Whether the workflow itself ended in an error."""
        ...

    def over(self, workflow_id: str) -> bool:
        """Whether it ended, well or in an error, so that nobody works on it any more."""
        ...


# --- source -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Commit:
    sha: Sha
    tree: str
    committed_at: datetime


class Source(Protocol):
    """Reads repositories. Never runs anything from them: no hooks, no filters."""

    def tags(self, repository: Repository) -> dict[str, Sha]:
        """Every tag → what it peels to: a commit, else `fetch` refuses it (a listing names no kinds)."""
        ...

    def head(self, repository: Repository) -> Sha | None:
        """The newest commit of the default branch; None when there is none yet."""
        ...

    def fetch(self, repository: Repository, sha: Sha) -> Commit:
        """Bring exactly this commit here and verify it. Repeatable; cheap when already here.

        Raises Refused when the remote has no such commit.
        """
        ...

    def read(self, repository: Repository, sha: Sha, path: str, *, limit: int) -> bytes | None:
        """A file of a fetched commit, None when there is no regular file. More than limit: Refused."""
        ...

    def list_folder(self, repository: Repository, sha: Sha, folder: str) -> tuple[str, ...]:
        """Names of the regular files directly in a folder, sorted; empty when there is no folder."""
        ...

    def export(
        self, repository: Repository, sha: Sha, into: Path, *, trusted: bool = True
    ) -> tuple[Submodule, ...]:
        """Write the tree of a fetched commit into a new folder: blobs as they are, no ``.git``.

        Submodules are fetched and laid out at their recorded commits; returns which, outer ones first. Those
        of a commit that is not ``trusted`` are fetched as anybody may, without our token.
        Raises Refused with a sentence for the author when the tree cannot be laid out safely.
        """
        ...


# --- keeping ------------------------------------------------------------------------------------


class Storage(Protocol):
    """What one part of Reprise keeps and could do without. Safe beside everything that goes on."""

    def kept(self) -> Iterable[Item]:
        """What is there now. Changes nothing. Raises Retryable or OSError when it cannot be looked at."""
        ...

    def remove(self, item: Item) -> bool:
        """Whole or not at all as others see it; False when somebody came to need it. Gone is fine.

        Raises Retryable or OSError when it cannot be removed; what is left goes with the next `tidy`.
        """
        ...

    def tidy(self) -> None:
        """Finish what a crash interrupted. Raises Retryable or OSError when something stays."""
        ...


# --- building -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BuildRequest:
    run_id: RunId
    tree: Path
    """A clean export of the commit, for reading lock files and building the project itself."""
    spec: Spec
    log: Path
    """Build output is appended here while it happens."""
    stopping: Callable[[], bool] = lambda: False
    """Looked at about once a second: the build is wanted no more and ends as CANCELLED."""


@dataclass(frozen=True, slots=True)
class Built:
    """An environment that trials can run in. Plain strings: it crosses a durable step."""

    key: str
    """Digest that identifies it: same key, same content."""
    location: str
    """For the process backend: the folder of the virtual environment."""
    layer: str | None
    """The project itself, installed per commit; None when it is not a package."""
    python: str
    """e.g. ``3.11.7``"""
    lock: str
    """Path of the lock file."""
    lock_sha256: str
    weak: str | None
    """Why the pin is weak (no hashes), None when it is not."""
    packages: dict[str, str]
    """installed distribution → version"""


@dataclass(frozen=True, slots=True)
class Failed:
    """An expected failure with its sentence; ``detail`` is a log tail for the report."""

    reason: Reason
    message: str
    detail: str = ""


class Builder(Protocol):
    def build(self, request: BuildRequest) -> Built | Failed:
        """Build or reuse. One build per key at a time however many ask; repeatable."""
        ...


# --- machines -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a provider granted a run. Plain strings: it crosses a durable step."""

    name: str
    folder: str
    """Where trials may work; gone after release."""
    description: str
    """For people, e.g. ``this machine, 2 cores``."""
    cpus: int
    isolation: str = "none"
    """For people: what separates the job from this machine."""
    network: str = "not enforced"
    """For people: ``off``, ``not enforced`` or ``open, as the spec asks``."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Not yet; ask again after ``after``."""

    why: str
    after: timedelta


class Provider(Protocol):
    """A source of machines. Order: request, observe until Allocation or Failed, release."""

    def request(self, run_id: RunId, spec: Spec) -> None:
        """Create or adopt what carries this run's id. Safe to repeat."""
        ...

    def observe(self, run_id: RunId) -> Pending | Allocation | Failed: ...

    def release(self, run_id: RunId) -> None:
        """End everything of this run and give it back. Already gone is fine."""
        ...

    def owned(self) -> tuple[RunId, ...]:
        """Runs that this provider holds something for."""
        ...


# --- jobs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a trial's tree comes from, for its environment record."""

    repository: str
    """``owner/name``, or the name of a folder."""
    tree: str
    """Digest of the commit's tree."""
    dirty: bool
    """Whether the commit is a snapshot of changes that nobody has committed."""
    submodules: tuple[Submodule, ...] = ()


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One trial. The runner owns ``folder``; ``tree`` is a fresh export inside it."""

    folder: Path
    """``<allocation>/trials/<index>-<attempt>``: tree, home, output, and the supervisor's files."""
    results: Path
    """Where log and collected files go and stay: ``<state>/runs/<run id>/trials/<index>-<attempt>``."""
    tree: Path
    run_id: RunId
    commit: Sha
    committed_at: datetime
    spec: Spec
    built: Built
    seed: int
    cpus: int
    origin: Origin | None = None
    control: tuple[str, ...] | None = None
    """Further arguments of a control, behind the seed's."""


@dataclass(frozen=True, slots=True)
class Running:
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """The job ended, its declared files are in ``results/files`` and its environment record beside them."""

    reason: Reason
    """COMPLETED (exit 0), COMMAND_FAILED, COMMAND_NOT_FOUND, TIMED_OUT, OUT_OF_MEMORY …"""
    message: str
    exit_code: int | None
    started_at: datetime
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    log_bytes: int
    """Everything the job wrote to stdout and stderr."""
    log_cut: int
    """Bytes left out of the log's middle."""
    artifacts: dict[str, str | None] = field(default_factory=dict)
    """declared artifact path → sha256, None when it is not in ``results/files``"""
    problems: dict[str, str] = field(default_factory=dict)
    """path → sentence: an output that was not collected, an input that the job changed"""


@dataclass(frozen=True, slots=True)
class Lost:
    """The job vanished without a result (its supervisor or machine died)."""

    message: str


class Runner(Protocol):
    """Executes jobs. Order: start, observe until Finished or Lost; stop at any time."""

    def start(self, job: JobRequest) -> Failed | None:
        """Start, or adopt when this folder's job already runs or ran. Removes declared outputs that
        the repository commits first. Failed: the job cannot be started, with the reason."""
        ...

    def observe(self, job: JobRequest) -> Running | Finished | Lost: ...

    def stop(self, job: JobRequest) -> None:
        """End everything the job started, within 15 s. Already gone is fine."""
        ...


# --- tracking -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run that the job itself logged with ``mlflow.*``."""

    name: str
    metrics: dict[str, tuple[tuple[int, float, int], ...]]
    """metric → (timestamp ms, value, step) in file order"""
    params: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    result: TrialResult
    results: Path
    """Folder with ``log.txt`` and ``files/``; see JobRequest.results."""
    started_at: datetime


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything the tracker keeps of a run."""

    run_id: RunId
    repository: str
    experiment: str
    commit: Sha
    tree: str
    ref: str
    """Tag name, ``#7`` for a pull request, or ``rehearsal``."""
    trigger: str
    who: str
    dirty: bool
    started_at: datetime
    ended_at: datetime
    spec: Spec
    spec_text: str
    built: Built | None
    trials: tuple[TrialRecord, ...]
    params: dict[str, str]
    repository_url: str = ""
    """Where people clone it from; empty for a folder of this machine."""


@dataclass(frozen=True, slots=True)
class Tracked:
    experiment_id: str
    run_id: str
    """The tracker's id of the parent run."""
    url: str | None
    """For people; None when nobody outside can open it."""


class Tracker(Protocol):
    def record(self, record: RunRecord) -> Tracked:
        """Parent and child runs with everything in them. Once per run id, however often called."""
        ...

    def conclude(self, tracked: Tracked, tags: dict[str, str], report: str) -> None:
        """Add the verdict's tags and the report. Safe to repeat."""
        ...

    def job_runs(self, results: Path) -> tuple[JobRun, ...]:
        """What the job logged with ``mlflow.*`` in this trial. Reads files only; bounded.

        Raises UserError when the files cannot be understood.
        """
        ...


# --- evidence -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoggedMetrics:
    """What a job logged to MLflow under the names that claims use, or why that cannot be told."""

    points: dict[str, tuple[tuple[int, float, int], ...]]
    """metric → (timestamp ms, value, step) in file order"""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class SealedTrial:
    """An attempt at a trial, as it goes into the evidence."""

    plan: TrialPlan
    attempt: int
    started_at: datetime
    result: TrialResult | None
    """None when the attempt was lost."""
    lost: str | None
    results: Path
    """Folder with ``log.txt`` and ``files/``; see JobRequest.results."""
    logged: LoggedMetrics | None
    """None when no claim asks for it."""


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """Everything that a verdict rests on. The same record makes the same bytes."""

    run_id: RunId
    repository: str
    repository_url: str
    """Where people clone it from; empty for a folder of this machine."""
    commit: Sha
    tree: str
    experiment: str
    spec_file: str
    declaration: bytes | None
    """The spec file as committed; None when the commit or the file is gone."""
    committed: dict[str, bytes]
    """Further files of the commit that the spec names, by path from the root."""
    lock: bytes | None
    """The lock file as committed; None when there is none or it cannot be read."""
    data_sizes: dict[str, int]
    """Bytes of the data that the declaration names, by path, where they are known."""
    spec: Spec | None
    """As it was asked for; None when the declaration cannot be used."""
    judgement: Judgement
    result: dict[str, Any]
    """The JSON object of the run."""
    report: str
    """Markdown."""
    metrics: dict[str, Value]
    """What a run that claims nothing is told to have given."""
    claims_asked: tuple[str, ...] | None
    seeds_asked: int | None
    coin: str
    coin_public: bool
    ending: Failed | None
    """Why it ended before it could be judged."""
    who: str
    ref: str
    trigger: str
    rehearsal: bool
    dirty: bool
    requested_at: datetime
    started_at: datetime
    judged_at: datetime
    """When judging began."""
    ended_at: datetime
    isolation: str
    network: str
    machine: str
    built: Built | None
    trials: tuple[SealedTrial, ...]
    """Every attempt, in order."""
    page: str | None = None
    """Where people read about the run; None where nobody outside could open it."""
    ledger: tuple[dict[str, Any], ...] = ()
    """Earlier verifications of the same commit."""


@dataclass(frozen=True, slots=True)
class Sealed:
    sha256: str
    """Of the zip, which is also its name."""
    path: Path
    size: int
    signed: bool


class Archive(Protocol):
    """Keeps evidence for good, by what it contains."""

    def seal(self, record: EvidenceRecord) -> Sealed:
        """Pack, sign and keep. Safe to repeat; a crash leaves whole files or none.

        Raises Refused, with a sentence, for what cannot be packed; Retryable when the disk does not take it.
        """
        ...

    def path(self, sha256: str) -> Path | None:
        """Where evidence is kept; None when it is not here."""
        ...

    def public_key(self) -> bytes | None:
        """PEM of the key that it is signed with; None when it is not signed."""
        ...


# --- forge --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of the forge to deliver something to our webhook."""

    id: int
    guid: str
    """Of the delivery: every further attempt has the same."""
    event: str
    at: datetime
    ok: bool
    """Whether it was answered with success."""


@dataclass(frozen=True, slots=True)
class LogPage:
    attempts: tuple[Attempt, ...]
    """Newest first."""
    next: str | None
    """Where it goes on with older ones; None = nowhere."""


class Forge(Protocol):
    """The conversation with a GitHub-like service. Writes are safe to repeat unless said."""

    def repository(self, full_name: str) -> Repository:
        """Raises Refused when it does not exist or we may not see it."""
        ...

    def repositories(self, owner: str) -> tuple[Repository, ...]:
        """What this user or organisation has and we may see, the 1,000 that were pushed to last.

        Raises Refused when there is no such owner.
        """
        ...

    def installed(self) -> tuple[Repository, ...]:
        """What our GitHub App was given, of all its owners; nothing when we have only a token."""
        ...

    def commit(self, repository: Repository, ref: str) -> Sha | None:
        """Full sha of a short sha, tag or branch; None when there is none."""
        ...

    def pull_request(self, repository: Repository, number: int) -> PullRequest: ...

    def permission(self, repository: Repository, login: str) -> Permission: ...

    def open_pull_requests(self, repository: Repository) -> frozenset[int]:
        """Numbers of the 1,000 newest that are open."""
        ...

    def comments_since(self, repository: Repository, since: datetime) -> tuple[PostedComment, ...]:
        """Written or changed at or after ``since``, in conversations and on commits, oldest change first.

        At most about 1,000 of conversations: whoever wants the rest asks again from the last one's change.
        An edited comment on a commit may be missing. The same ``since`` makes the same requests.
        """
        ...

    def statuses(self, repository: Repository, sha: Sha) -> dict[str, Status]:
        """The latest status of each context on a commit."""
        ...

    def delivery_log(self, page: str | None) -> LogPage | None:
        """What the forge tried to tell our App, from this page on; None = the newest. Empty for a token.

        None when the App has no webhook: then the forge keeps no log.
        """
        ...

    def delivery_payload(self, attempt: Attempt) -> bytes:
        """What was to be delivered, as JSON. Raises Refused when the forge has it no more."""
        ...

    def post_status(self, repository: Repository, sha: Sha, status: Status) -> int:
        """Appends one; returns its id. Not idempotent: look at `statuses` first."""
        ...

    def put_comment(
        self, repository: Repository, place: Place, *, marker: str, body: str, known_id: int | None
    ) -> int:
        """Create or edit our one comment that carries ``marker`` at this place; returns its id.

        Finds it by ``known_id``, else among our own comments by the hidden marker; edits only
        when the body differs. ``body`` already contains the marker.
        """
        ...

    def put_check(self, repository: Repository, check: Check, known_id: int | None) -> int | None:
        """Create or update the check run of ``check.run_id``; its id, None when only an App could.

        Finds it by ``known_id``, else among those of its name on the commit by the run's id. Annotations are
        sent once, whatever becomes of the answer. Raises Refused when the App may not write checks there.
        """
        ...

    def react(self, repository: Repository, place: Place, comment_id: int, reaction: Reaction) -> None:
        """To a comment at this place; the same reaction twice is one. An App adds none on a commit."""
        ...
