"""What we keep on the forge, each once: made, found again after a lost answer, changed where it differs."""

from reprise.adapters.github import checks, comments
from reprise.adapters.github.at import At
from reprise.adapters.github.client import Client
from reprise.adapters.github.refusal import Answer, Intent
from reprise.adapters.github.written import Written
from reprise.domain.check import Check
from reprise.domain.errors import Refused
from reprise.domain.forge import Place
from reprise.domain.run import Repository


class Kept:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._written = Written()

    # --- comments -------------------------------------------------------------------------------

    def comment(
        self, repository: Repository, place: Place, *, marker: str, body: str, known_id: int | None
    ) -> int:
        at, intent = At(self._client, repository), comments.intent(repository, place)
        if known_id is not None and self._written.says_other(known_id, body):
            if self._edit_comment(at, intent, place, known_id, body):
                return known_id
            known_id = None
        comment_id = self._look_and_comment(at, intent, place, marker, body, known_id)
        self._written.put(comment_id, body)
        return comment_id

    def _look_and_comment(
        self, at: At, intent: Intent, place: Place, marker: str, body: str, known_id: int | None
    ) -> int:
        found = at.read(intent, lambda repo: comments.find_known(repo, place, known_id))
        if found is None:
            own = self._client.account.login()
            found = at.read(intent, lambda repo: comments.find(repo, place, own, marker))
        if found is None:
            return at.write(intent, lambda repo: comments.create(repo, place, body))
        comment_id = found.id
        if not comments.same(found.body, body):
            at.write(intent, lambda repo: comments.edit(repo, place, comment_id, body))
        return comment_id

    def _edit_comment(self, at: At, intent: Intent, place: Place, comment_id: int, body: str) -> bool:
        """False when somebody removed it."""
        self._written.forget(comment_id)  # until the answer is here
        try:
            at.write(intent, lambda repo: comments.edit(repo, place, comment_id, body))
        except Answer as answer:
            if answer.status != 404:
                raise
            return False
        self._written.put(comment_id, body)
        return True

    # --- check runs -----------------------------------------------------------------------------

    def check(self, repository: Repository, check: Check, known_id: int | None) -> int:
        at, intent = At(self._client, repository), checks.intent(repository, check)
        found = _known_check(at, intent, check, known_id)
        if found is None:
            found = at.read(intent, lambda repo: checks.find(repo, check))
        if found is None:
            return at.write(intent, lambda repo: checks.create(repo, check))
        edited = _edit_check(at, intent, check, found)
        if edited is None and known_id is None:
            raise Refused(f"GitHub lists the check {found.id} of {repository.full_name} and does not know it")
        # What we remember may be of a repository that was made anew.
        return edited if edited is not None else self.check(repository, check, None)


def _known_check(at: At, intent: Intent, check: Check, known_id: int | None) -> checks.Found | None:
    """Looked at only where it matters what stands there."""
    if known_id is None:
        return None
    if not check.annotations:
        return checks.Found(id=known_id)
    return at.read(intent, lambda repo: checks.find_known(repo, known_id))


def _edit_check(at: At, intent: Intent, check: Check, found: checks.Found) -> int | None:
    """Annotations are added to those that stand there: an edit that brings some is not repeated blindly."""
    return at.write(
        intent,
        lambda repo: checks.edit(repo, check, found.id, annotated=found.annotated),
        once=bool(check.annotations) and not found.annotated,
    )
