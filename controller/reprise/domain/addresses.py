"""Where this project's pages are for people who have no checkout of it."""

from reprise.domain.lint.model import Rule

SOURCE = "https://github.com/reprise-ml/reprise"
ADDRESS = f"{SOURCE}/blob/main"
"""Before the path of a page."""
PAGES = f"{SOURCE}/tree/main/docs"
"""All of them, which messages and helps name as docs/…"""
SPEC_PAGE = f"{ADDRESS}/docs/spec.md"
SETTINGS_PAGE = f"{ADDRESS}/docs/settings.md"


def page_of(rule: Rule) -> str:
    return f"{ADDRESS}/{rule.page}"
