"""Mean and spread of each claim over the valid trials, for the forms."""

import math
import statistics
from dataclasses import dataclass

from reprise.ports import EvidenceRecord


@dataclass(frozen=True, slots=True)
class Spread:
    claim: str
    n: int
    mean: float
    deviation: float
    """Sample standard deviation, with n - 1."""
    error: float
    """Of the mean: deviation / √n."""


def spread_of(record: EvidenceRecord) -> list[Spread]:
    """Of claims with two values or more; probes repeat a seed, controls are not the job."""
    results = [trial.result for trial in record.trials if trial.plan.counts]
    found = []
    for claim in record.judgement.claims:
        values = [
            float(value)
            for result in results
            if result is not None
            and result.valid
            and isinstance(value := result.values.get(claim.id), int | float)
        ]
        if len(values) >= 2:
            deviation = statistics.stdev(values)
            error = deviation / math.sqrt(len(values))
            found.append(Spread(claim.id, len(values), statistics.fmean(values), deviation, error))
    return found
