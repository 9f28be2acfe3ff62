"""The lease under a running job: extended in time, and its end is noticed as what it is.

Nobody else does it in a rehearsal, and a node that does not answer may be one that is not ours any more.
"""

from datetime import timedelta

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.engine.world import World
from reprise.ports import Failed
from reprise.store.runs import Run

log = structlog.get_logger()

CARE = timedelta(seconds=60)
"""Between two looks at the lease of a job that runs."""


def look(world: World, run: Run) -> Failed | None:
    """Why the machine under the job is gone for good; None while it is ours, or nobody can tell."""
    provider = world.backend(run.backend).provider
    if not provider.leases:
        return None
    try:
        seen = provider.observe(run.id)
    except (Retryable, Refused) as error:
        log.warning("lease not looked after", run_id=run.id, backend=run.backend, why=str(error))
        return None
    return seen if isinstance(seen, Failed) else None
