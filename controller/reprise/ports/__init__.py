"""What the engine needs from the outside world. Adapters implement these; tests use fakes of them.

Every method is bounded in time by its adapter (see each settings section) and raises
`Retryable` when the outside system did not answer, `Refused` when it said no. Nothing else from a
vendor's library leaves an adapter. Methods are synchronous and may be called from several threads.
"""

from reprise.ports.building import Builder, BuildRequest, Built, Failed
from reprise.ports.clock import Clock
from reprise.ports.cloud import Cloud
from reprise.ports.durable import Durable, Workflows
from reprise.ports.evidence import Archive, EvidenceRecord, LoggedMetrics, Sealed, SealedTrial
from reprise.ports.fetching import Fetcher, FetchRequest
from reprise.ports.forge import Attempt, Forge, LogPage
from reprise.ports.jobs import Earlier, Finished, JobRequest, Lost, Origin, Runner, Running
from reprise.ports.linting import Linter
from reprise.ports.machines import Allocation, Pending, Provider
from reprise.ports.nodes import Access, Address, Node, Nodes, Said
from reprise.ports.source import Commit, Source
from reprise.ports.storage import Storage
from reprise.ports.tracking import JobRun, RunRecord, Tracked, Tracker, TrialRecord

__all__ = [
    "Access",
    "Address",
    "Allocation",
    "Archive",
    "Attempt",
    "BuildRequest",
    "Builder",
    "Built",
    "Clock",
    "Cloud",
    "Commit",
    "Durable",
    "Earlier",
    "EvidenceRecord",
    "Failed",
    "FetchRequest",
    "Fetcher",
    "Finished",
    "Forge",
    "JobRequest",
    "JobRun",
    "Linter",
    "LogPage",
    "LoggedMetrics",
    "Lost",
    "Node",
    "Nodes",
    "Origin",
    "Pending",
    "Provider",
    "RunRecord",
    "Runner",
    "Running",
    "Said",
    "Sealed",
    "SealedTrial",
    "Source",
    "Storage",
    "Tracked",
    "Tracker",
    "TrialRecord",
    "Workflows",
]
