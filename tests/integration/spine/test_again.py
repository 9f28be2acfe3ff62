"""A tag whose job failed is tried again by a comment on its commit."""

from pathlib import Path

import pytest
from tests.integration.spine import papers
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.town import Paper, repeats

pytestmark = pytest.mark.real

READS_OUTSIDE = "import sys\nprint(open(sys.argv[1]).read())\n"


def test_a_failed_tag_is_reproduced_after_a_comment_on_its_commit(
    controller: Controller, paper: Paper, tmp_path: Path
) -> None:
    data = tmp_path / "outside" / "data"
    data.parent.mkdir()
    spec = papers.SPEC.replace("[python, train.py]", f"[python, train.py, {data}]")
    with controller:
        sha = paper.push_tag(papers.paper(READS_OUTSIDE + papers.writes("0.97"), spec), "v1")
        first = controller.await_run("v1")
        assert (first["verdict"], first["reason"]) == ("not_run", "command_failed")
        (report,) = paper.comments(sha)
        assert "comment `/reproduce` on this commit" in report["body"]

        data.write_text("mended")
        comment = paper.say(sha, "The disk is back.\n\n/reproduce")
        run = controller.get(f"/runs/{_second(controller, first['run_id'])}")

        assert (run["verdict"], run["trigger"], run["ref"]) == ("reproduced", "/reproduce on v1", "v1")
        assert paper.latest(sha)["reprise/tiny"]["state"] == "success"
        assert repeats(paper.statuses(sha)) == []
        stands, _ = paper.comments(sha)
        assert stands["id"] == report["id"]
        assert "tiny: reproduced" in stands["body"]
        assert paper.reactions(comment) == ["eyes"]

        asked = [(line["action"], line["who"], line["comment_id"]) for line in run["audit"]]
        assert asked[0] == ("requested", "ada", comment)
        assert run["audit"][0]["delivery"]
        actions = [action for action, _, _ in asked]
        assert actions[1:] == ["machine_asked", "machine_taken", "machine_released", "spent", "judged"]
        (total,) = controller.get("/spent")["spent"]
        assert (total["repository"], total["who"], total["runs"]) == (paper.name, "ada", 2)
        assert total["amount"] >= run["audit"][4]["amount"] > 0


def _second(controller: Controller, first: str) -> str:
    """The id of the other run, once that one has ended."""

    def ended() -> str | None:
        found = [run for run in controller.get("/runs")["runs"] if run["run_id"] != first and run["ended_at"]]
        return found[0]["run_id"] if found else None

    return until(ended, what=controller.log.read_text, pause=0.15)
