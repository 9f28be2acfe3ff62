"""What a researcher does in the demo: git in a working copy, and the forge's REST API."""

import os
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx

from reprise.domain.errors import UserError

_GIT_SECONDS = 60
_REST_SECONDS = 30


class Person:
    """Somebody with an account on the forge."""

    def __init__(self, login: str, token: str, forge_url: str) -> None:
        self.login = login
        self._token = token
        self._forge_url = forge_url
        self._rest = httpx.Client(
            base_url=f"{forge_url}/api/v3/",
            headers={"Authorization": f"token {token}"},
            timeout=_REST_SECONDS,
        )

    def call(self, method: str, path: str, **body: Any) -> Any:
        reply = self._rest.request(method, path, json=body or None)
        if reply.is_error:
            raise UserError(
                f"the forge answered {method} {path} with {reply.status_code}: {reply.text[:300]}"
            )
        return reply.json() if reply.content else None

    def git(self, folder: Path, *arguments: str) -> str:
        """The token goes by environment, never by argv."""
        basic = b64encode(f"{self.login}:{self._token}".encode()).decode()
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": str(folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_AUTHOR_NAME": self.login,
                "GIT_AUTHOR_EMAIL": f"{self.login}@users.noreply.localhost",
                "GIT_COMMITTER_NAME": self.login,
                "GIT_COMMITTER_EMAIL": f"{self.login}@users.noreply.localhost",
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{self._forge_url}/.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
            },
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise UserError(f"git {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout.strip()


def working_copy(example: Path, into: Path, author: Person, clone_url: str) -> Path:
    """A fresh repository with the example's files, pushed to the forge's main branch."""
    shutil.copytree(example, into, ignore=shutil.ignore_patterns("results", "__pycache__", ".git"))
    author.git(into, "init", "--quiet", "--initial-branch", "main")
    author.git(into, "add", "--all")
    author.git(into, "commit", "--quiet", "--message", "The paper's code and claims")
    author.git(into, "remote", "add", "origin", clone_url)
    author.git(into, "push", "--quiet", "origin", "main")
    return into
