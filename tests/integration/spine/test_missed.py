"""With a GitHub App nothing is missed: what its webhook could not tell is in its log."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.papers import Outside, tiny
from tests.integration.spine.town import Paper, Town, repeats

from reprise.adapters.github.credentials import AppCredentials
from reprise.forge import server

pytestmark = pytest.mark.real

PERMISSIONS = {
    "contents": "write",
    "checks": "write",
    "issues": "write",
    "pull_requests": "read",
    "statuses": "write",
}
EVENTS = ("push", "create", "delete", "issue_comment", "commit_comment", "pull_request")


@dataclass(frozen=True)
class App:
    """ada's, which she installed on one repository."""

    town: Town
    id: int
    installation: int
    secret: str
    key: Path

    def settings(self) -> dict[str, str]:
        return {
            "REPRISE_GITHUB__TOKEN": "",
            "REPRISE_GITHUB__APP_ID": str(self.id),
            "REPRISE_GITHUB__PRIVATE_KEY_FILE": str(self.key),
            "REPRISE_GITHUB__WEBHOOK_SECRET": self.secret,
        }

    def ask(self, method: str, path: str) -> Any:
        signature = AppCredentials(self.id, self.key.read_text()).signature(time.time())
        headers = {"Authorization": f"Bearer {signature}"}
        reply = httpx.request(method, f"{self.town.url}/api/v3{path}", headers=headers, timeout=30)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    def attempts(self, event: str) -> list[dict[str, Any]]:
        return [
            each for each in self.ask("GET", "/app/hook/deliveries?per_page=100") if each["event"] == event
        ]


def installed(town: Town, paper: Paper, folder: Path, url: str) -> App:
    state, name = town.folder / "forge", paper.name.partition("/")[2]
    made = server.add_app(
        state,
        "ada",
        f"App {folder.name[-26:]}",
        permissions=PERMISSIONS,
        events=EVENTS,
        hook_url=f"{url}/webhooks/github",
    )
    key = folder / "key.pem"
    key.write_text(made.pem)
    installation = server.install_app(state, made, "ada", [name])
    return App(town, made.app.id, installation, made.webhook_secret or "", key)


def test_an_app_misses_nothing_and_stops_when_it_is_suspended(
    town: Town, cache: Path, tmp_path: Path
) -> None:
    paper = town.repository(tmp_path.name)
    controller = Controller(tmp_path / "controller", town, cache, watch=paper.name)
    app = installed(town, paper, tmp_path, controller.url)
    with controller.with_settings(**app.settings()):
        controller.await_said("repository watched", older_tags=0)
        controller.terminate()
        sha = paper.push_tag(tiny("missed"), "v1")
        until(lambda: app.attempts("push") and app.attempts("create"))

        controller.start()
        assert controller.await_run("v1")["verdict"] == "reproduced"
        until(lambda: len(controller.said("missed delivery")) >= 2)
        missed = controller.said("missed delivery")
        assert {line["delivery_event"] for line in missed} == {"push", "create"}
        assert set(controller.runs()) == {"v1"}
        assert repeats(paper.statuses(sha)) == []

        again = app.attempts("push")[-1]
        app.ask("POST", f"/app/hook/deliveries/{again['id']}/attempts")
        controller.await_said("delivery", id=again["guid"], outcome="already known")

        outside = Outside(tmp_path / "outside")
        paper.push_tag(outside.paper(probe=False), "v2")
        until(outside.executions)
        app.ask("PUT", f"/app/installations/{app.installation}/suspended")
        run = controller.await_run("v2")
        assert (run["verdict"], run["reason"]) == ("not_run", "refused")
        assert "installation at ada is suspended" in run["message"]
        assert [line["action"] for line in run["audit"]].count("machine_released") == 1
        asked = len(town.gate.calls)
        time.sleep(1)
        assert [call for call in town.gate.calls[asked:] if paper.name in call.path] == []
