"""Write every page that is made from the code: ``python -m tests.pages``."""

from pathlib import Path

from tests.pages import cli, machines, reasons, rules

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    "cli.md": cli.page,
    "machines.md": machines.page,
    "reasons.md": reasons.page,
    "rules/index.md": rules.page,
}


def main() -> None:
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
