"""Behind a firewall: no webhook, no secret, nobody connects to the controller, and everything is answered."""

from pathlib import Path

import pytest
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.papers import tiny
from tests.integration.spine.town import Town, assert_told_once

pytestmark = pytest.mark.real


def test_tags_and_comments_are_answered_without_a_webhook(town: Town, cache: Path, tmp_path: Path) -> None:
    paper = town.repository(tmp_path.name)
    polling = {
        "REPRISE_GITHUB__INTAKE": "polling",
        "REPRISE_GITHUB__POLL_INTERVAL": "0.5",
        "REPRISE_GITHUB__WEBHOOK_SECRET": "",
    }
    with Controller(tmp_path / "controller", town, cache, watch=paper.name, **polling) as controller:
        controller.await_said("repository watched", older_tags=0)
        assert controller.page("/readyz").text == "ready\nintake: polling every 0.5 s\n"
        sha = paper.push_tag(tiny("polled"), "v1")
        assert controller.await_run("v1")["verdict"] == "reproduced"
        assert_told_once(paper, sha)

        number = paper.pull_request(tiny("more"))
        comment = paper.say_in(number, "Does it still hold?\n\n/reproduce")
        run = controller.await_run(f"#{number}")
        assert (run["verdict"], run["audit"][0]["who"], run["audit"][0]["delivery"]) == (
            "reproduced",
            "ada",
            None,
        )
        until(lambda: paper.said_in(number))
        again = paper.say(sha, "/reproduce status")
        until(lambda: any(f"reprise:reply:{again}" in each["body"] for each in paper.comments(sha)))
        assert run["audit"][0]["comment_id"] == comment

        hook = controller.asked("/webhooks/github")
        assert hook.status_code == 405
        assert town.call("GET", f"repos/{paper.name}/hooks") == []
