"""Whether a repository's webhook brings here what we act on. Pure; `forge` asks and tells."""

from urllib.parse import urlsplit

from reprise.doctor.finding import Finding
from reprise.domain.forge import Hook
from reprise.domain.loopback import is_loopback
from reprise.settings import Http

PATH = "/webhooks/github"
EVENTS = ("push", "issue_comment", "commit_comment")
"""Without the first (or `create`) a tag waits for the sweep, without the others a comment."""
_WANTED = (*EVENTS, "pull_request", "repository")
"""What a new one is best given: the sweep finds pull requests, new names and owners too, but late."""
_BAD_SIGNATURE = 401


def judge(name: str, hooks: tuple[Hook, ...], http: Http) -> Finding:
    """What is said of the webhook that serves us best."""
    ours = [hook for hook in hooks if _leads_here(hook.url, http)]
    if not ours:
        there = f" ({len(hooks)} lead elsewhere)" if hooks else ""
        late = "so tags and comments are found minutes late"
        said = f"no webhook of the repository leads to {_here(http)}{there}, {late}"
        step = f"add one with content type application/json, the secret and the events {', '.join(_WANTED)}"
        return Finding(name, False, said, f"{step}; one of the whole organisation does too, unseen from here")
    problems = [_problem(hook) for hook in ours]
    if None in problems:
        return Finding(name, True, f"leads to {ours[problems.index(None)].url}")
    said, step = next(problem for problem in problems if problem is not None)
    return Finding(name, False, f"leads to {ours[0].url}, but {said}", step)


def unseen(name: str, http: Http) -> Finding:
    """No problem: a token that may do no more than runs need cannot see webhooks."""
    said = "cannot be seen with this token: that takes webhooks: read and an admin's account"
    step = f"an admin sees under Settings, Webhooks, whether one leads to {_here(http)}"
    return Finding(name, True, said, f"{step} and sends {', '.join(_WANTED)}")


def _here(http: Http) -> str:
    return f"{http.public_url or '…'}{PATH}"


def _leads_here(url: str, http: Http) -> bool:
    """Without a public URL only the path is known: a proxy may stand before us."""
    path = urlsplit(url).path.rstrip("/")
    if http.public_url is None:
        return path.endswith(PATH)
    return (_site(url), path) == (_site(http.public_url), urlsplit(_here(http)).path)


def _site(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, "localhost" if is_loopback(host) else host, port


def _problem(hook: Hook) -> tuple[str, str] | None:
    """What is wrong with it and the next step."""
    sent = hook.events | ({"push"} if "create" in hook.events else set())
    missing = [each for each in EVENTS if each not in sent and "*" not in sent]
    if not hook.active:
        return "it is switched off", "switch it on"
    if not hook.json:
        return "it does not send JSON", "set its content type to application/json"
    if missing:
        return f"it does not send {', '.join(missing)}", "add these events to it"
    if hook.last_answer == _BAD_SIGNATURE:
        step = "give it the secret of REPRISE_GITHUB__WEBHOOK_SECRET, then redeliver"
        return "its last delivery was answered with 401", step
    return None
