"""Where this project's pages are for people who have no checkout of it."""

SOURCE = "https://github.com/reprise-ml/reprise"
ADDRESS = f"{SOURCE}/blob/main"
"""Before the path of a page."""
