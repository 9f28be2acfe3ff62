"""What the one half seals the other half verifies, whatever way a run ended."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.evidence import sealing
from tests.unit.evidence.asking import problems
from tests.unit.evidence.examples import AT, ENDINGS

from reprise.adapters.evidence.packing import pack
from reprise.adapters.evidence.read_attestation import read_key
from reprise.adapters.evidence.read_evidence import examine


@pytest.mark.parametrize("way", ENDINGS)
@pytest.mark.parametrize("signed", [True, False])
def test_what_is_sealed_is_authentic(way: str, signed: bool, tmp_path: Path) -> None:
    record = ENDINGS[way](tmp_path)
    data = pack(record, sealing.KEY if signed else None)
    keys = [read_key(sealing.public(sealing.KEY), file="reprise.pub")] if signed else []
    made = examine(memoryview(data), keys, now=AT + timedelta(days=1))
    assert problems(made) == {}
    assert made.rejudged is not None
    assert made.rejudged.judgement == record.judgement
