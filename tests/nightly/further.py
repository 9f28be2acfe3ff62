"""`make further`: the templates' further experiments, whose packages are a download of gigabytes.

The name keeps it out of `make test`: pytest collects it only when it is named.
"""

from pathlib import Path

import pytest
from tests.integration.templates.making import ANSWERS, KEPT, made
from tests.integration.templates.recorded import FURTHER
from tests.rehearsals import finish, start

MOST_SECONDS = 3600
"""For the download, the installation and every trial."""

pytestmark = pytest.mark.real


@pytest.mark.parametrize(("template", "experiment"), FURTHER)
def test_its_verdict_is_the_recorded_one(template: str, experiment: str, tmp_path: Path) -> None:
    repository = made(tmp_path, template, ANSWERS["everything said"])
    running = start(tmp_path / "state", "run", "--json", "--experiment", experiment, repository, extra=KEPT)
    ended = finish(running, seconds=MOST_SECONDS)
    recorded, said = FURTHER[template, experiment], ended.result
    print(f"{said['message']}; trials of {[round(trial['seconds']) for trial in said['trials']]} s")

    assert (said["verdict"], said["level"], ended.code) == (
        recorded.verdict,
        recorded.level,
        recorded.exit_code,
    ), said["message"]
    assert {claim["id"] for claim in said["claims"]} == recorded.claims.keys()
    for claim in said["claims"]:
        assert claim["bar"]["low"] <= claim["got"] <= claim["bar"]["high"]
        assert float(claim["published"]) == recorded.claims[claim["id"]]
