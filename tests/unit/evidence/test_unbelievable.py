"""What `reprise verify` would call a forgery is not sealed in the first place."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.evidence.examples import AT, ENDINGS

from reprise.adapters.evidence.packing import pack
from reprise.domain.errors import Refused
from reprise.ports import EvidenceRecord


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: replace(run, started_at=AT - timedelta(hours=1)), "the run's times are not in order"),
        (lambda run: replace(run, ended_at=AT + timedelta(seconds=12)), "and the run ended at"),
        (lambda run: replace(run, trials=run.trials[:1]), "is missing"),
    ],
    ids=["set back", "ended before its trials", "left out"],
)
def test_a_run_that_cannot_have_been_is_refused(
    change: Callable[[EvidenceRecord], EvidenceRecord], said: str, tmp_path: Path
) -> None:
    record = change(ENDINGS["reproduced"](tmp_path))
    with pytest.raises(Refused, match=said):
        pack(record, None)
