"""Reads git repositories: one bare cache each, exact commits, clean trees. The only user of GitPython."""

import os

# GitPython refuses to be imported where git is absent, with a page of text. We say it ourselves, when
# a repository is wanted (commands.py).
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
