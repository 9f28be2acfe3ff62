"""Refusals in GitHub's form. Raised anywhere below a request, turned into a reply in `app`."""

from reprise.forge.links import DOCUMENTATION
from reprise.forge.replies.people import JSON


class Problem(Exception):
    """A request that GitHub would refuse: HTTP status, message, and what is wrong with which field."""

    def __init__(self, status: int, message: str, errors: tuple[JSON, ...] = ()) -> None:
        super().__init__(status, message, errors)
        self.status = status
        self.message = message
        self.errors = errors

    @property
    def headers(self) -> dict[str, str]:
        return {}

    @property
    def sentence(self) -> str:
        """The message, and what is wrong with which field."""
        said = [str(each.get("message") or f"{each['field']}: {each['code']}") for each in self.errors]
        return ": ".join([self.message, "; ".join(said)]) if said else self.message

    def body(self) -> JSON:
        wrong = {"errors": list(self.errors)} if self.errors else {}
        return {
            "message": self.message,
            **wrong,
            "documentation_url": DOCUMENTATION,
            "status": str(self.status),
        }


class Moved(Problem):
    """The repository has another name now: 301, or 307 to what must be sent again as it is."""

    def __init__(self, url: str, *, again: bool) -> None:
        super().__init__(307 if again else 301, "Temporary Redirect" if again else "Moved Permanently")
        self.url = url

    @property
    def headers(self) -> dict[str, str]:
        return {"Location": self.url}

    def body(self) -> JSON:
        return {"message": self.message, "url": self.url, "documentation_url": DOCUMENTATION}


def not_found() -> Problem:
    return Problem(404, "Not Found")


def bad_credentials() -> Problem:
    return Problem(401, "Bad credentials")


def no_permission() -> Problem:
    return Problem(403, "Resource not accessible by personal access token")


def not_accessible() -> Problem:
    """To an App whose installation lacks the permission or the repository."""
    return Problem(403, "Resource not accessible by integration")


def no_commit(ref: str) -> Problem:
    return Problem(422, f"No commit found for SHA: {ref}")


def invalid(resource: str, field: str, code: str, message: str | None = None) -> Problem:
    """``code`` is one of GitHub's: missing_field, invalid, already_exists, custom (then with a message)."""
    says = {"message": message} if message is not None else {}
    return Problem(422, "Validation Failed", ({"resource": resource, "code": code, "field": field, **says},))
