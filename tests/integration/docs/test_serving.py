"""docs/forge.md, the controller of README.md and the badge of docs/badge.md, with real programs.

As they stand on their pages, but for ports that are free and for tokens that were printed.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.integration.docs.blocks import block
from tests.integration.docs.terminals import Terminal, terminal
from tests.integration.spine.controller import free_port
from tests.rehearsals import paper

pytestmark = pytest.mark.real
SECONDS = 240.0


@dataclass
class Desk:
    """Somebody's terminals around one forge, which listens at ``ports["8399"]``."""

    folder: Path
    opened: ExitStack
    ports: dict[str, str]
    first: Terminal
    tokens: list[str]
    """Of ada and bot."""

    def typed(self, text: str) -> str:
        """A block of a page, with the ports of this test."""
        for port, free in self.ports.items():
            text = text.replace(port, free)
        return text

    def beside(self, name: str) -> Terminal:
        return self.opened.enter_context(terminal(self.folder / "paper", name))

    def controller(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.ports['8400']}{path}", timeout=30)

    def ready(self, log: Path) -> None:
        def answers() -> bool:
            try:
                return self.controller("/readyz").status_code == 200
            except httpx.TransportError:
                return False

        until(answers, log)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The first two blocks of docs/forge.md were typed: a forge with ada's paper, which bot may write to."""
    paper(tmp_path / "paper")
    with ExitStack() as opened:
        first = opened.enter_context(terminal(tmp_path, "first"))
        made = Desk(tmp_path, opened, {each: str(free_port()) for each in ("8399", "8400")}, first, [])
        forge = made.beside("forge")
        forge.write(made.typed(block("docs/forge.md", "reprise forge").text))
        until(lambda: len(re.findall(r"ghp_\w+", forge.shown())) == 2, tmp_path / "forge.err")
        made.tokens = re.findall(r"ghp_\w+", forge.shown())
        first.run('cd paper; curl() { command curl --fail-with-body --silent --show-error "$@"; }')
        tokens = "ADA={} BOT={}".format(*made.tokens)
        first.run(made.typed(block("docs/forge.md", "ADA=").text).replace("ADA=ghp_… BOT=ghp_…", tokens))
        yield made


def test_a_forge_and_the_controller_beside_it(desk: Desk) -> None:
    serving = desk.beside("controller")
    serving.write(desk.typed(f"api=http://127.0.0.1:8399/api/v3 BOT={desk.tokens[1]}\n"))
    port = f"REPRISE_HTTP__PORT={desk.ports['8400']} "
    serving.write(port + desk.typed(block("docs/forge.md", "REPRISE_GITHUB__API_URL").text))
    desk.ready(desk.folder / "controller.err")

    badge = block("docs/badge.md", "[![Reprise]").text
    (path,) = re.findall(r"\(https://reprise\.example(/badge/\S+?)\)", badge)
    shown = desk.controller(path.replace("OWNER", "ada").replace("REPOSITORY", "paper"))
    assert (shown.status_code, shown.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")

    desk.first.run(desk.typed(block("docs/forge.md", 'curl -H "$auth" http').text))


def test_the_controller_of_the_first_page(desk: Desk) -> None:
    for name, secret in (("token", desk.tokens[1]), ("secret", "a shared secret")):
        (desk.folder / f"reprise.{name}").write_text(secret)
    serving = desk.beside("controller")
    api = desk.typed("http://127.0.0.1:8399/api/v3")
    serving.write(f"export REPRISE_GITHUB__API_URL={api} REPRISE_HTTP__PORT={desk.ports['8400']}\n")
    shown = block("README.md", "export REPRISE_WATCH").text
    assert shown.count("https://…") == 2
    adapted = shown.replace("owner/repo ", "ada/paper ").replace("https://…", "https://reprise.example")
    serving.write(adapted.replace(".venv/bin/", ""))
    desk.ready(desk.folder / "controller.err")


def until(holds: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, log.read_text(encoding="utf-8", errors="replace")
        time.sleep(0.1)
