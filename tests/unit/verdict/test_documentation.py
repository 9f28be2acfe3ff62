"""docs/verdicts.md lists what exists."""

import re
from pathlib import Path

from reprise.domain.run import Phase, Reason, Verdict

TEXT = (Path(__file__).parents[3] / "docs" / "verdicts.md").read_text(encoding="utf-8")


def test_every_phase_reason_and_verdict_is_documented() -> None:
    listed = set(re.findall(r"`([a-z_]+)`", TEXT))
    assert {word.value for kind in (Phase, Reason, Verdict) for word in kind} <= listed
