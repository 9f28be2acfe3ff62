"""How many findings there are, and of which kind. There is no score: a number would only be gamed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reprise.domain.lint.model import Barrier, Finding, Severity


@dataclass(frozen=True, slots=True)
class Summary:
    """Of what counts: neither ignored with a reason nor in the baseline."""

    counts: dict[Severity, int]
    """Every severity."""
    barriers: dict[Barrier, dict[Severity, int]]
    """Every barrier and severity."""
    ignored: int
    known: int
    """In the baseline."""

    @property
    def clean(self) -> bool:
        """Information is no reason to change anything."""
        return not self.counts[Severity.ERROR] and not self.counts[Severity.WARNING]


def summarise(findings: Iterable[Finding], known: frozenset[Finding] = frozenset()) -> Summary:
    listed = list(findings)
    counting = [each for each in listed if each.ignored is None and each not in known]
    cells = Counter((each.rule.barrier, each.severity) for each in counting)
    severities = Counter(each.severity for each in counting)
    return Summary(
        counts={severity: severities[severity] for severity in Severity},
        barriers={
            barrier: {severity: cells[barrier, severity] for severity in Severity} for barrier in Barrier
        },
        ignored=sum(each.ignored is not None for each in listed),
        known=sum(each.ignored is None and each in known for each in listed),
    )
