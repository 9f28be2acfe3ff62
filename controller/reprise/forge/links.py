"""Every URL that the forge hands out, built from the host that the request came to. Pure."""

from dataclasses import dataclass
from urllib.parse import quote

from reprise.forge.checks import CheckRun
from reprise.forge.records import Comment, Pull, Repository

API_PREFIX = "/api/v3"
BOT = "[bot]"
DOCUMENTATION = "https://docs.github.com/rest"


@dataclass(frozen=True, slots=True)
class Links:
    origin: str
    """``http://127.0.0.1:8500``, without a slash at the end."""

    @property
    def api_root(self) -> str:
        return f"{self.origin}{API_PREFIX}"

    def avatar(self, login: str) -> str:
        return f"{self.origin}/avatars/{quote(login)}.svg"

    def app_page(self, slug: str) -> str:
        return f"{self.origin}/apps/{quote(slug)}"

    def installation_page(self, installation_id: int) -> str:
        return f"{self.origin}/settings/installations/{installation_id}"

    def user_api(self, login: str) -> str:
        return f"{self.api_root}/users/{quote(login)}"

    def user_page(self, login: str) -> str:
        if login.endswith(BOT):
            return self.app_page(login.removesuffix(BOT))
        return f"{self.origin}/{quote(login)}"

    def api(self, repository: Repository) -> str:
        return f"{self.api_root}/repos/{repository.full_name}"

    def page(self, repository: Repository) -> str:
        return f"{self.origin}/{repository.full_name}"

    def now_at(self, repository: Repository, asked: str, owner: str, name: str) -> str:
        """The same path and query of a repository that was called ``owner/name`` when they were written."""
        api = f"{API_PREFIX}/repos/{owner}/{name}"
        if asked.startswith(api):
            return f"{self.api_root}/repositories/{repository.id}{asked.removeprefix(api)}"
        return f"{self.page(repository)}{asked.removeprefix(f'/{owner}/{name}')}"

    def clone(self, repository: Repository) -> str:
        return f"{self.page(repository)}.git"

    def commit_page(self, repository: Repository, sha: str) -> str:
        return f"{self.page(repository)}/commit/{sha}"

    def pull_page(self, pull: Pull, repository: Repository) -> str:
        return f"{self.page(repository)}/pull/{pull.number}"

    def check_page(self, check: CheckRun, repository: Repository) -> str:
        return f"{self.page(repository)}/runs/{check.id}"

    def comment_page(self, comment: Comment, repository: Repository) -> str:
        if comment.sha is not None:
            return f"{self.commit_page(repository, comment.sha)}#commitcomment-{comment.id}"
        return f"{self.page(repository)}/pull/{comment.number}#issuecomment-{comment.id}"

    def comment_api(self, comment: Comment, repository: Repository) -> str:
        folder = "comments" if comment.sha is not None else "issues/comments"
        return f"{self.api(repository)}/{folder}/{comment.id}"
