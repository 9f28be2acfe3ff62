"""`reprise doctor`: what is found for each state of a system, and what the next step is."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.disks import full, small_disk
from tests.fakes.forge import OWN_LOGIN, FakeForge

from reprise import doctor
from reprise.adapters.process.isolation import Possible, decide
from reprise.doctor import here
from reprise.doctor.finding import Finding
from reprise.doctor.forge import examine_forge
from reprise.doctor.here import examine_here, git_version
from reprise.doctor.webhooks import judge
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import Hook, Permission
from reprise.domain.run import Repository
from reprise.domain.spec.model import Network
from reprise.settings import Http, Settings
from reprise.sign_in import key_of_start
from reprise.space import bounds_in_words, measure
from reprise.store.database import Database

EVERY = frozenset({"push", "issue_comment", "commit_comment"})


class Account:
    """A token's user on a forge in memory."""

    def __init__(self, *, broken: Exception | None = None) -> None:
        self.forge = FakeForge()
        self._broken = broken
        self.seen: tuple[Hook, ...] | None = (Hook("http://localhost:8400/webhooks/github", EVERY),)
        """Webhooks of every repository; None = only admins may see them."""

    def login(self) -> str:
        if self._broken is not None:
            raise self._broken
        return OWN_LOGIN

    def repository(self, full_name: str) -> Repository:
        return self.forge.repository(full_name)

    def repositories(self, owner: str) -> tuple[Repository, ...]:
        return self.forge.repositories(owner)

    def permission(self, repository: Repository, login: str) -> Permission:
        """As GitHub: only who may write is told."""
        found = self.forge.permission(repository, login)
        if found is Permission.READ:
            raise Refused("403: Must have push access. Give the token metadata: read")
        return found

    def hooks(self, repository: Repository) -> tuple[Hook, ...]:
        if self.seen is None:
            raise Refused("404: Not Found. It does not exist")
        return self.seen


class Answer(BaseHTTPRequestHandler):
    """A controller that is not ready, and repeats what it was told."""

    def do_GET(self) -> None:
        body = f"not ready: {self.path} {sorted(self.headers.keys())}".encode()
        self.send_response(503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not to the test's output."""


class Other(Answer):
    """Something else altogether."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def settings(folder: Path, *watch: str, tracking: str | None = None, **github: str) -> Settings:
    values = {"state_dir": folder / "state", "watch": watch, "github": github, "tracking": {"uri": tracking}}
    values["http"] = {"port": 0}  # on the usual one some other controller may answer
    return Settings(**values)  # type: ignore[arg-type] # pydantic turns them into its own types


def by_name(findings: object) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}  # type: ignore[attr-defined]


def test_a_forge_that_is_set_up_is_fine(tmp_path: Path) -> None:
    account = Account()
    account.forge.set_permission(account.forge.add_repository("ada/wine"), OWN_LOGIN, Permission.WRITE)
    made = settings(tmp_path, "ada/wine", token="t", webhook_secret="s")
    found = by_name(examine_forge(made, account))
    assert [finding.ok for finding in found.values()] == [True, True, True, True]
    assert found["token"].said == f"belongs to {OWN_LOGIN}"
    assert found["ada/wine"].said == "the token may write"
    assert found["ada/wine webhook"].said == "leads to http://localhost:8400/webhooks/github"


def test_each_repository_that_the_token_cannot_write_is_named_with_the_next_step(tmp_path: Path) -> None:
    account = Account()
    account.forge.set_permission(account.forge.add_repository("ada/read"), OWN_LOGIN, Permission.READ)
    found = by_name(examine_forge(settings(tmp_path, "ada/read", "ada/gone", token="t"), account))
    assert not found["ada/read"].ok
    assert found["ada/read"].said == "the token may not write, so the forge does not tell what it may"
    assert f"give {OWN_LOGIN} the role Write" in (found["ada/read"].next_step or "")
    assert "metadata" not in f"{found}"
    assert not found["ada/gone"].ok
    assert f"invite {OWN_LOGIN}" in (found["ada/gone"].next_step or "")
    assert "ada/gone webhook" not in found


def test_webhooks_that_only_admins_see_are_no_problem_and_checked_by_hand(tmp_path: Path) -> None:
    account = Account()
    account.forge.set_permission(account.forge.add_repository("ada/wine"), OWN_LOGIN, Permission.WRITE)
    account.seen = None
    made = settings(tmp_path, "ada/wine", token="t").model_copy(
        update={"http": Http(public_url="https://reprise.example")}
    )
    found = by_name(examine_forge(made, account))["ada/wine webhook"]
    assert found.ok
    assert found.said.startswith("cannot be seen with this token")
    assert "leads to https://reprise.example/webhooks/github" in (found.next_step or "")


HERE = "https://reprise.example/webhooks/github"


@pytest.mark.parametrize(
    ("hooks", "said", "step"),
    [
        (
            (),
            f"no webhook of the repository leads to {HERE}, so",
            "add one with content type application/json",
        ),
        (
            (Hook("https://ci.example/webhooks/github", EVERY),),
            "(1 lead elsewhere)",
            "the events push, issue_comment, commit_comment, pull_request, repository",
        ),
        ((Hook(HERE, EVERY, active=False),), "it is switched off", "switch it on"),
        ((Hook(HERE, EVERY, json=False),), "it does not send JSON", "application/json"),
        (
            (Hook(HERE, frozenset({"push"})),),
            "does not send issue_comment, commit_comment",
            "add these events",
        ),
        ((Hook(HERE, EVERY, last_answer=401),), "was answered with 401", "REPRISE_GITHUB__WEBHOOK_SECRET"),
    ],
)
def test_a_webhook_that_brings_nothing_here_is_a_problem_with_its_next_step(
    hooks: tuple[Hook, ...], said: str, step: str
) -> None:
    found = judge("ada/wine webhook", hooks, Http(public_url="https://reprise.example/"))
    assert not found.ok
    assert said in found.said
    assert step in (found.next_step or "")


def test_a_name_of_this_machine_is_as_good_as_another() -> None:
    hook = Hook("http://127.0.0.1:8400/webhooks/github", EVERY)
    assert judge("wine", (hook,), Http(public_url="http://localhost:8400")).ok
    assert not judge("wine", (hook,), Http(public_url="http://localhost:8401")).ok


@pytest.mark.parametrize(
    "hook",
    [
        Hook(f"{HERE}/", frozenset({"*"}), last_answer=502),
        Hook(
            HERE.replace("reprise.example", "Reprise.Example"), EVERY - {"push"} | {"create"}, last_answer=202
        ),
        Hook("https://reprise.example:443/webhooks/github", EVERY),
    ],
)
def test_one_webhook_that_serves_is_enough(hook: Hook) -> None:
    broken = Hook(HERE, EVERY, active=False)
    found = judge("ada/wine webhook", (broken, hook), Http(public_url="https://reprise.example"))
    assert found == Finding("ada/wine webhook", True, f"leads to {hook.url}")


def test_every_repository_of_a_watched_owner_is_asked_for(tmp_path: Path) -> None:
    account = Account()
    account.forge.set_permission(account.forge.add_repository("ada/wine"), OWN_LOGIN, Permission.WRITE)
    account.forge.set_permission(account.forge.add_repository("ada/read"), OWN_LOGIN, Permission.READ)
    found = by_name(examine_forge(settings(tmp_path, "ada/*", token="t"), account))
    assert (found["ada/*"].ok, found["ada/*"].said) == (True, "2 repositories")
    assert (found["ada/wine"].ok, found["ada/read"].ok) == (True, False)


def test_what_is_not_set_is_a_problem_with_the_name_of_the_setting(tmp_path: Path) -> None:
    (nothing,) = examine_forge(settings(tmp_path, "ada/wine"), Account())
    assert (nothing.ok, nothing.said) == (False, "there is no GitHub App and no token")
    assert "/setup" in (nothing.next_step or "")
    assert "REPRISE_GITHUB__TOKEN" in (nothing.next_step or "")
    found = by_name(examine_forge(settings(tmp_path, token="t"), Account()))
    assert "REPRISE_GITHUB__WEBHOOK_SECRET" in (found["intake"].next_step or "")
    assert "REPRISE_WATCH" in (found["watch"].next_step or "")


def test_who_watches_nothing_and_only_rehearses_has_no_problem(tmp_path: Path) -> None:
    (nothing,) = examine_forge(settings(tmp_path), Account())
    assert nothing.ok
    assert "`reprise run` does not need" in nothing.said
    assert "/setup" in (nothing.next_step or "")


def test_a_repository_that_was_renamed_and_archived_is_said_to_be(tmp_path: Path) -> None:
    account = Account()
    wine = account.forge.add_repository("ada/wine")
    account.forge.set_permission(wine, OWN_LOGIN, Permission.WRITE)
    account.forge.change_repository(wine, full_name="ada/port", archived=True)
    found = [f.said for f in examine_forge(settings(tmp_path, "ada/wine", token="t"), account)]
    assert "is ada/port now and still watched" in found
    assert "is archived: nothing can be written there, so nothing is run" in found


def test_an_answer_of_several_lines_is_told_in_one() -> None:
    assert here._in_one_line("ready\nintake: webhook\n") == "ready; intake: webhook"
    lacks = "not ready:\n- no room\n  - 3 kB free\nintake: webhook\n"
    assert here._in_one_line(lacks) == "not ready: no room; 3 kB free; intake: webhook"


@pytest.mark.parametrize("error", [Refused("the token is not valid"), Retryable("no answer")])
def test_a_token_that_does_not_work_is_told_once(tmp_path: Path, error: Exception) -> None:
    found = by_name(examine_forge(settings(tmp_path, "ada/wine", token="t"), Account(broken=error)))
    assert list(found) == ["intake", "token"]
    assert (found["token"].ok, found["token"].said) == (False, str(error))


def test_this_machine_is_examined_without_leaving_anything(tmp_path: Path) -> None:
    found = by_name(examine_here(settings(tmp_path)))
    assert all(finding.ok for finding in found.values()), found
    assert found["state folder"].said.endswith(" free")
    assert "will be made, " in found["state folder"].said
    assert found["database"].said == "will be made at the first start"
    assert found["python"].said[0].isdigit()
    assert list(tmp_path.iterdir()) == []


def test_the_sizes_of_what_is_kept_are_told_by_kind(tmp_path: Path) -> None:
    for name, length in (("reprise.db", 3000), ("runs/r1/log.txt", 500), ("cache/git/1/pack", 2_000_000)):
        file = tmp_path / "state" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * length)
    found = next(iter(here._space(settings(tmp_path))))
    assert "clones 2 MB" in found.said
    assert "MLflow" not in found.said
    sizes = doctor.as_object((found,))["findings"][0]["sizes"]
    assert (sizes["databases"], sizes["results and logs of runs"]) == (3000, 500)
    assert (sizes["clones"], sizes["environments"]) == (2_000_000, 0)


def test_evidence_is_signed_once_there_is_a_key_and_the_next_step_makes_one(tmp_path: Path) -> None:
    made = settings(tmp_path)
    unsigned = here._evidence(made)
    assert (unsigned.ok, unsigned.said) == (True, "is not signed, because there is no key")
    assert unsigned.next_step == "`reprise doctor --init-keys` makes a key"

    (first,), (second,) = doctor.init_keys(made), doctor.init_keys(made)
    key = tmp_path / "state" / "keys" / "reprise.key"
    assert f"made {key}" in first.said
    assert "/.well-known/reprise.pub" in (first.next_step or "")
    assert second.said == f"{key} is there already and stays"
    assert here._evidence(made) == Finding("evidence", True, f"is signed with {key}")


def test_a_key_that_others_may_read_or_that_is_none_is_a_problem(tmp_path: Path) -> None:
    made = settings(tmp_path)
    doctor.init_keys(made)
    key = tmp_path / "state" / "keys" / "reprise.key"
    key.chmod(0o644)
    seen = here._evidence(made)
    assert (seen.ok, seen.next_step) == (False, f"chmod 600 {key}")

    key.write_text("not a key")
    broken = here._evidence(made)
    assert not broken.ok
    assert "is no Ed25519 key" in broken.said
    assert "move it away" in (broken.next_step or "")


def test_counting_ends_in_time_and_says_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "state/runs/r1/log.txt"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x" * 500)
    found = measure(settings(tmp_path), seconds=-1)
    assert "results and logs of runs" in found.uncounted
    assert "results and logs of runs at least 0 kB" in found.said


def test_what_is_removed_when_is_told(tmp_path: Path) -> None:
    made = settings(tmp_path)
    said = bounds_in_words(made)
    assert "environments, downloads and clones after 30 days or beyond 50.0 GB; " in said
    assert "rehearsals after 30 days; " in said
    assert said.endswith("nothing was removed yet, `reprise serve` does it")
    made.state_dir.mkdir()
    (made.state_dir / "retention.json").write_text(
        '{"at": "2026-03-01T04:05:06+00:00", "things": 3, "bytes": 12000000}'
    )
    assert bounds_in_words(made).endswith("last looked at 2026-03-01T04:05Z, 3 removed (12 MB)")
    (made.state_dir / "retention.json").write_text("[]")
    assert bounds_in_words(made).endswith("nothing was removed yet, `reprise serve` does it")


def test_without_any_bound_nothing_is_removed_and_that_is_said(tmp_path: Path) -> None:
    names = ("cache_days", "cache_gb", "log_days", "log_gb", "rehearsal_days", "record_days")
    unbounded = Settings(state_dir=tmp_path, retention=dict.fromkeys(names, 0))
    assert bounds_in_words(unbounded) == "nothing is removed, because every bound is 0"


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in its place")
    found = by_name([here._writable("state folder", tmp_path / "state", "set REPRISE_STATE_DIR")])
    assert not found["state folder"].ok


def test_a_full_disk_is_a_problem_that_ends_when_there_is_room(tmp_path: Path) -> None:
    with ExitStack() as mounted:
        try:
            mounted.enter_context(small_disk(tmp_path / "state", megabytes=1))
        except OSError as error:
            pytest.skip(str(error))
        mounted.enter_context(full(tmp_path / "state"))
        finding = here._writable("state folder", tmp_path / "state", "set REPRISE_STATE_DIR")
    assert not finding.ok
    assert "No space left on device" in finding.said
    assert (finding.next_step or "").startswith("free some space")


def test_the_schema_of_a_database_is_told_and_a_newer_one_is_a_problem(tmp_path: Path) -> None:
    made = settings(tmp_path)
    made.state_dir.mkdir()
    store = Database(made.database)
    store.migrate()
    assert here._schema(made) == Finding("database", True, f"schema {store.schema()[0]}")
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    found = here._schema(made)
    assert not found.ok
    assert "newer version" in found.said


def test_a_controller_that_runs_is_asked_without_its_token(tmp_path: Path, port: int) -> None:
    """Another program may have taken its port."""
    (tmp_path / "state").mkdir()
    key = key_of_start(tmp_path / "state")
    made = settings(tmp_path).model_copy(update={"http": Http(port=port)})
    found = here._controller(made)
    assert not found.ok
    assert "/readyz" in found.said
    assert "authorization" not in found.said.lower()
    assert key.token not in f"{found}"
    assert str(tmp_path / "state/http.token") in (found.next_step or "")


def test_a_controller_whose_operator_token_is_not_set_here_is_told_too(tmp_path: Path, port: int) -> None:
    found = here._controller(settings(tmp_path).model_copy(update={"http": Http(port=port)}))
    assert not found.ok
    assert "REPRISE_HTTP__OPERATOR_TOKEN is not set here" in (found.next_step or "")


def test_another_program_on_the_port_is_a_problem(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        found = here._controller(settings(tmp_path).model_copy(update={"http": Http(port=port)}))
        server.shutdown()
    assert (found.ok, found.said) == (False, f"another program answers at http://127.0.0.1:{port} (404)")
    assert "REPRISE_HTTP__PORT" in (found.next_step or "")


def test_a_controller_that_does_not_run_is_no_problem(tmp_path: Path) -> None:
    gone = settings(tmp_path).model_copy(update={"http": Http(port=1)})
    assert here._controller(gone) == Finding("controller", True, "none answers at http://127.0.0.1:1")
    anywhere = here._controller(settings(tmp_path).model_copy(update={"http": Http(port=0)}))
    assert anywhere.ok
    assert "http.port 0" in anywhere.said


def test_no_password_of_an_address_is_told(tmp_path: Path) -> None:
    made = settings(tmp_path, tracking="http://ada:hunter2@127.0.0.1:1").model_copy(
        update={"database_url": SecretStr("postgresql+psycopg://ada:hunter2@127.0.0.1:1/reprise")}
    )
    found = here._schema(made), here._tracking(made.tracking.uri)
    assert not any(finding.ok for finding in found)
    assert "hunter2" not in f"{found}"


@pytest.mark.parametrize("uri", ["http://127.0.0.1:1", "http://[::1"])
def test_a_tracking_server_that_does_not_answer_is_a_problem(uri: str) -> None:
    found = here._tracking(uri)
    assert not found.ok
    assert "REPRISE_TRACKING__URI" in (found.next_step or "")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("git version 2.39.5", (2, 39, 5)),
        ("git version 2.39.5 (Apple Git-154)", (2, 39, 5)),
        ("git version 2.47.1.windows.1", (2, 47, 1)),
        ("git version 2.30", (2, 30)),
        ("", None),
        ("not git", None),
    ],
)
def test_the_version_of_git_is_read_from_what_it_says(said: str, version: tuple[int, ...] | None) -> None:
    assert git_version(said) == version


def test_one_line_for_each_finding_and_an_object_for_programs() -> None:
    found = (Finding("git", True, "2.39.5"), Finding("token", False, "no token is set", "set X"))
    assert doctor.render(found) == "ok       git    2.39.5\nproblem  token  no token is set; set X"
    shown = json.loads(json.dumps(doctor.as_object(found)))
    assert shown["ok"] is False
    assert shown["findings"][1] == {
        "name": "token",
        "ok": False,
        "said": "no token is set",
        "next_step": "set X",
        "sizes": None,
    }


def test_how_jobs_are_kept_apart_is_told_as_their_reports_will_say_it() -> None:
    root = Possible(root=True, chroot=False, uid="", mounts="", network="")
    isolation = decide(root)
    found = here.isolation_finding(isolation)
    assert found.ok
    assert f"{isolation.words(0, Network.FETCH_ONLY)}; network off" in found.said


def test_a_machine_that_may_run_nobodys_job_is_a_problem_with_its_next_step() -> None:
    nothing = Possible(root=False, chroot=True, uid="not root", mounts="not allowed", network="not allowed")
    found = here.isolation_finding(decide(nothing, credentials=("a token for forge.example",)))
    assert not found.ok
    assert "a token for forge.example" in found.said
    assert found.next_step is not None
    assert "REPRISE_PROCESS__ALLOW_UNISOLATED" in found.next_step


def test_polling_needs_no_secret_and_no_webhook_and_says_how_often(tmp_path: Path) -> None:
    account = Account()
    account.forge.set_permission(account.forge.add_repository("ada/wine"), OWN_LOGIN, Permission.WRITE)
    github = {"intake": "polling", "poll_interval": 30, "token": "t"}
    made = Settings(state_dir=tmp_path, github=github, watch=("ada/wine",))
    found = by_name(examine_forge(made, account))
    assert (found["intake"].ok, found["intake"].said) == (True, "polling every 30 s: no webhook is needed")
    assert list(found) == ["intake", "token", "ada/wine"]
