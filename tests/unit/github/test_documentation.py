"""The tables in docs/github.md say what the manifest asks for; run this module to write them again."""

from pathlib import Path

from reprise.adapters.github.needs import EVENTS, PERMISSIONS

PAGE = Path(__file__).parents[3] / "docs" / "github.md"
HEAD = "| permission | level | without it |"


def test_the_page_has_every_permission_and_event() -> None:
    assert _table() == _written(PAGE.read_text(encoding="utf-8"))


def _table() -> list[str]:
    permissions = [f"| {name} | {need.level} | {need.without} |" for name, need in PERMISSIONS.items()]
    events = [f"| event `{name}` | | {without} |" for name, without in EVENTS.items()]
    return [HEAD, "|--|--|--|", *permissions, *events]


def _written(text: str) -> list[str]:
    lines = text.splitlines()
    start = lines.index(HEAD)
    end = next((n for n in range(start, len(lines)) if not lines[n].startswith("|")), len(lines))
    return lines[start:end]


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace("\n".join(_written(page)), "\n".join(_table())), encoding="utf-8")
