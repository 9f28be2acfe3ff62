"""From nothing to a verdict by a GitHub App: one click, no setting, no restart."""

import re
import stat
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.papers import tiny
from tests.integration.spine.town import Paper, Town

from reprise.adapters.github.registration import FILE

pytestmark = pytest.mark.real

NOTHING = {
    "REPRISE_WATCH": "",
    "REPRISE_GITHUB__TOKEN": "",
    "REPRISE_GITHUB__WEBHOOK_SECRET": "",
    "REPRISE_SWEEP_INTERVAL": "0.5",
}


class Browser:
    """Goes where forms and redirects lead, as ada."""

    def __init__(self, town: Town, controller: Controller) -> None:
        self._town = town
        self._controller = controller

    def create_app(self) -> str:
        """Presses both buttons; returns the App's slug."""
        asking = self._controller.page("/setup").text
        action = unescape(_found(r'<form method="post" action="([^"]+)"', asking))
        shown = self._post(action, manifest=unescape(_found(r'name="manifest" value="([^"]+)"', asking)))
        fields = {
            name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', shown.text)
        }
        back = self._post(urljoin(action, "/settings/apps"), **fields, token=self._town.tokens["ada"])
        assert self._come_back(back).headers["location"] == "/setup"
        return _found(r"The GitHub App ([\w-]+) is in use", self._controller.page("/setup").text)

    def install(self, slug: str, paper: Paper) -> None:
        address = f"{self._town.url}/apps/{slug}/installations/new"
        chosen = {"account": "ada", "selection": "selected", "repository": paper.name.partition("/")[2]}
        back = self._post(address, **chosen, token=self._town.tokens["ada"])
        assert "complete" in self._come_back(back).text

    def _post(self, address: str, **fields: str) -> httpx.Response:
        reply = httpx.post(address, data=fields, headers={"Origin": self._town.url}, timeout=30)
        assert reply.status_code < 400, reply.text
        return reply

    def _come_back(self, reply: httpx.Response) -> httpx.Response:
        address = urlsplit(reply.headers["location"])
        assert reply.headers["location"].startswith(self._controller.url), reply.headers["location"]
        return self._controller.asked(f"{address.path}?{address.query}")


def test_an_app_that_was_made_by_one_click_gets_a_verdict_onto_the_tag(
    town: Town, cache: Path, tmp_path: Path, paper: Paper
) -> None:
    with Controller(tmp_path / "controller", town, cache, watch="", **NOTHING) as controller:
        controller.await_said("not connected to GitHub")
        browser = Browser(town, controller)
        slug = browser.create_app()
        assert stat.S_IMODE((controller.state / FILE).stat().st_mode) == 0o600
        browser.install(slug, paper)
        controller.await_said("repository watched", repository=paper.name)

        sha = paper.push_tag(tiny("made"), "v1")
        assert controller.await_run("v1")["verdict"] == "reproduced"
        until(lambda: paper.latest(sha).get("reprise/tiny", {}).get("state") == "success")
        assert {status["creator"]["login"] for status in paper.statuses(sha)} == {f"{slug}[bot]"}
        told = controller.said("delivery", delivery_event="push", repository=paper.name)
        assert [each["outcome"] for each in told] == ["tag v1"]

        controller.terminate()
        controller.start()
        controller.await_said("serving", watching=["what the GitHub App is installed on"])
        assert controller.said("not connected to GitHub") == []
        assert f"The GitHub App {slug} is in use" in controller.page("/setup").text
        secrets = (controller.state / FILE).read_text()
        assert not [line for line in _secrets(secrets) if line in controller.log.read_text()]


def _secrets(kept: str) -> list[str]:
    return [_found(r'"webhook_secret": "([^"]+)"', kept), "PRIVATE KEY", "ghs_"]


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, f"no {pattern} in {text}"
    return match[1]
