"""The schema: what we were told (deliveries, triggers), what we know (repositories, tags), what we did.

Changing a table means a new file in ``migrations/versions``; a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out; SQLite itself keeps no zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite only gives AUTOINCREMENT to INTEGER, PostgreSQL wants room.
Number = BigInteger().with_variant(Integer, "sqlite")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(100), primary_key=True),  # the forge's GUID, kept by a redelivery
    Column("event", String(100), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

triggers = Table(
    "triggers",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("delivery", String(100)),  # NULL = found by the sweep
    Column("kind", String(20), nullable=False),  # tag | comment | check | change | queue | life
    Column("repository_id", BigInteger, nullable=False),
    Column("repository", Text, nullable=False),
    Column("ref", Text, nullable=False),  # tag name, #7, the first digits of a commit, or a run id
    Column("who", Text, nullable=False),
    Column("pull_request", Integer),
    Column("comment_id", BigInteger),
    Column("body", Text),  # of the comment, or a change as JSON
    Column("commit", String(64)),  # that the comment stands on, where it is no pull request
    Column("created_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", UtcDateTime),  # NULL = settled
    Column("outcome", Text),
    # All that a look for due ones asks for: the settled, which stay for ever, are not passed on the way.
    Index(
        "ix_triggers_due",
        *("number", "kind", "repository_id", "next_at"),
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    Index("ix_triggers_ref", "repository_id", "kind", "ref"),
    sqlite_autoincrement=True,
)

repositories = Table(
    "repositories",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("full_name", Text, nullable=False),
    Column("clone_url", Text, nullable=False),
    Column("public", Boolean, nullable=False, default=False),  # as the forge said when it was last asked
    Column("baseline_at", UtcDateTime),  # when its older tags were recorded; NULL = not yet
    Column("standing", String(20), nullable=False, default="active"),  # domain.run.Standing
    Column("told_at", UtcDateTime),  # when an event last changed this row; NULL = never
    Column("watched_as", Text),  # in lower case, the name in the settings that found it; NULL = a pattern did
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(100), primary_key=True),  # comments:<repository id>, deliveries, deliveries:walk
    Column("at", UtcDateTime, nullable=False),  # everything up to here was looked at
    Column("page", Text),  # where a look that did not come to its end goes on
)

older_comments = Table(
    "older_comments",
    metadata,
    # Commands that stood there when the watch began: like older tags they never run by themselves.
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("ref", Text, primary_key=True),  # as in triggers
    Column("comment_id", BigInteger, primary_key=True, autoincrement=False),
)

tags = Table(
    "tags",
    metadata,
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("sha", String(64), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("baseline", Boolean, nullable=False),  # older than the watch: never run by itself
)

runs = Table(
    "runs",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),  # the order of the queue
    Column("id", String(40), nullable=False, unique=True),
    Column("repository_id", BigInteger, nullable=False),
    Column("commit", String(64), nullable=False),
    Column("experiment", Text, nullable=False),
    Column("generation", Text, nullable=False),  # tag, or comment:<id>, check:<number>: a new run on request
    Column("spec_file", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("pull_request", Integer),
    Column("trigger", Text, nullable=False),  # in words
    Column("who", Text, nullable=False),
    Column("dirty", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("granted_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("phase", String(20), nullable=False),
    Column("coin", String(40)),
    Column("coin_public", Boolean, nullable=False, default=False),
    Column("shown_at", UtcDateTime),  # last time the forge was told about a phase
    Column("source", JSON),  # ports.Commit
    Column("built", JSON),  # ports.Built
    Column("allocation", JSON),  # ports.Allocation
    Column("tracked", JSON),  # ports.Tracked
    Column("tracking_problem", Text),
    Column("reporting_problem", Text),
    Column("ending", JSON),  # ports.Failed: why it ended before it could be judged
    Column("judgement", JSON),  # domain.run.Judgement
    Column("stop_requested", JSON),  # ports.Failed: somebody wants it to end before its verdict
    Column("seeds", Integer),  # trials that were asked for; NULL = as declared
    Column("claims", JSON),  # ids of the only claims to judge; NULL = all
    Column("submodules", JSON),  # domain.run.Submodule, outer ones first; NULL = not laid out yet
    Column("spend_limit", Float),  # machine seconds after which it is ended; NULL = no bound
    Column("untrusted", Boolean, nullable=False, default=False, server_default=false()),  # a stranger's code
    Column("evidence", String(64)),  # sha256 of its package; NULL = none
    Column("evidence_problem", Text),  # why there is none
    Column("linted", JSON),  # domain.lint.noticed.Linted; NULL = not looked at
    Column("backend", String(40), nullable=False, default="process", server_default="process"),
    Column("fetched", JSON),  # domain.fetched.FetchedFile, each; NULL = nothing was fetched yet
    Column("su_limit", Float),  # service units that it may cost; NULL = no bound, or nothing is leased
    Column("quoted", JSON),  # domain.leasing.quote.Estimate; NULL = nothing is leased
    Index("uq_runs_identity", "repository_id", "commit", "experiment", "generation", unique=True),
    Index("ix_runs_phase", "phase", "number"),
    Index("ix_runs_unfinished", "ended_at", "granted_at"),
    Index("ix_runs_granted", "granted_at"),
    sqlite_autoincrement=True,
)

phases = Table(
    "phases",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("phase", String(20), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

trials = Table(
    "trials",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("seed", BigInteger, nullable=False),
    Column("probe", Boolean, nullable=False),
    Column("control", JSON),  # further arguments of a control; NULL = the job as it is
    Column("started_at", UtcDateTime, nullable=False),
    Column("lost", Text),  # why this attempt left no result
    Column("result", JSON),  # domain.run.TrialResult
)

charges = Table(
    "charges",
    metadata,
    # A lease and what it costs, as domain.leasing.money.Charge says; on whose account stands beside it.
    Column("run_id", String(40), primary_key=True),
    Column("lease_id", String(100), primary_key=True),
    Column("repository_id", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("su_per_hour", Float, nullable=False),
    Column("start", UtcDateTime, nullable=False),
    Column("end", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),  # NULL = it goes on
    Column("fault", Text),  # why it did not serve the job; NULL = it did
    Index("ix_charges_repository", "repository_id", "start"),
    Index("ix_charges_who", "who", "start"),
)

comments = Table(
    "comments",
    metadata,
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Text, primary_key=True),  # pull:<number> or commit:<sha>
    Column("comment_id", BigInteger, nullable=False),
)

checks = Table(
    "checks",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("check_id", BigInteger, nullable=False),
    Column("said", String(64), nullable=False),  # digest of what stands there
)

audit = Table(
    "audit",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),  # action and what it is about: no line comes twice
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(40), nullable=False),  # domain.audit.Action
    Column("who", Text, nullable=False),
    Column("repository", Text),
    Column("run_id", String(40)),
    Column("ref", Text),
    Column("commit", String(64)),
    Column("delivery", String(100)),
    Column("comment_id", BigInteger),
    Column("amount", Float),
    Column("unit", String(40)),  # domain.audit.Unit
    Column("detail", Text, nullable=False),
    Index("ix_audit_run", "run_id"),
    sqlite_autoincrement=True,
)

plans = Table(
    "plans",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("id", String(20), nullable=False, unique=True),
    Column("repository_id", BigInteger, nullable=False),
    Column("pull_request", Integer, nullable=False),
    Column("experiment", Text, nullable=False),
    Column("spec_file", Text, nullable=False),
    Column("commit", String(64), nullable=False),
    Column("from_fork", Boolean, nullable=False),
    Column("seeds", Integer),
    Column("claims", JSON),
    Column("asked_by", Text, nullable=False),
    Column("comment_id", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("facts", JSON, nullable=False),  # domain.plan.Facts
    Column("ended_at", UtcDateTime),  # NULL = open, unless it has expired
    Column("approved_by", Text),
    Column("ending", Text),  # why it is not open any more, in words
    Column("tell_at", UtcDateTime),  # NULL = the comment says how it stands
    Column("shown_in", BigInteger),  # that comment
    Index("ix_plans_place", "repository_id", "pull_request"),
    Index("ix_plans_asked", "asked_by", "created_at"),
    Index("ix_plans_tell", "tell_at"),
    sqlite_autoincrement=True,
)
