"""Data that a commit only names: fetched while the run is built, handed to every trial, told."""

import hashlib

from tests.engine.harness import Controller, Outside, measured, run_tag, spec_with
from tests.engine.test_forks import fork
from tests.fakes.runner import FakeJob

from reprise.domain.errors import Retryable
from reprise.domain.forge import OnCommit
from reprise.domain.run import Level, Reason, Verdict
from reprise.ports import Failed, JobRequest

URL = "https://x.test/train.csv"
DATA = b"a,b\n1,2\n"
SHA = hashlib.sha256(DATA).hexdigest()
PINNED = spec_with({"claims:": f'data: [{{path: data/x.csv, source: "{URL}", sha256: "{SHA}"}}]\nclaims:'})
LOOSE = spec_with({"claims:": f'data: [{{path: data/x.csv, source: "{URL}"}}]\nclaims:'})
LENT = spec_with(
    {"claims:": f'data: [{{path: data/x.csv, source: "{URL}", sha256: "{SHA}", auth: HUB}}]\nclaims:'}
)


def test_every_trial_gets_what_was_fetched_once(controller: Controller, outside: Outside) -> None:
    outside.fetcher.there[URL] = DATA
    seen: list[JobRequest] = []

    def script(job: JobRequest) -> FakeJob:
        seen.append(job)
        return measured(0.93)

    outside.runner.script = script
    repository, sha, run = run_tag(controller, PINNED)
    assert run.judgement is not None
    assert (run.judgement.verdict, run.judgement.level) == (Verdict.REPRODUCED, Level.B)
    (fetched,) = run.fetched or ()
    assert (fetched.path, fetched.sha256, fetched.pinned) == ("data/x.csv", SHA, True)
    assert [job.data for job in seen] == [(fetched,)] * 2
    assert outside.fetcher.fetched == 1
    (comment,) = outside.comments(repository, OnCommit(sha))
    assert "Data: 1 file, 0 kB, fetched from x.test." in comment.body
    (request,) = outside.fetcher.asked
    assert (request.repository, request.trusted, request.remote) == ("ada/wine", True, repository.clone_url)


def test_data_that_nobody_pins_block_the_levels_a_and_b(controller: Controller, outside: Outside) -> None:
    outside.fetcher.there[URL] = DATA
    repository, sha, run = run_tag(controller, LOOSE)
    assert run.judgement is not None
    assert (run.judgement.verdict, run.judgement.level) == (Verdict.INCONCLUSIVE, None)
    (comment,) = outside.comments(repository, OnCommit(sha))
    assert "data/x.csv" in comment.body
    assert run.evidence is not None


def test_data_that_cannot_be_had_end_the_run_before_a_trial(controller: Controller, outside: Outside) -> None:
    _, _, run = run_tag(controller, PINNED)
    assert run.judgement is not None
    assert (run.judgement.verdict, run.judgement.reason) == (Verdict.NOT_RUN, Reason.DATA_MISSING)
    assert controller.trials(run) == []
    assert run.fetched is None


def test_nobody_answering_is_no_fault_of_the_repository(controller: Controller, outside: Outside) -> None:
    outside.fetcher.fail(*[Failed(Reason.INFRASTRUCTURE, "nobody answered")] * 5)
    _, _, run = run_tag(controller, PINNED)
    assert run.judgement is not None
    assert run.judgement.reason is Reason.INFRASTRUCTURE


def test_a_disk_that_is_full_for_a_moment_only_delays_it(controller: Controller, outside: Outside) -> None:
    outside.fetcher.there[URL] = DATA
    outside.fetcher.fail(Retryable("the data could not be kept"))
    _, _, run = run_tag(controller, PINNED)
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
    assert (len(outside.fetcher.asked), outside.fetcher.fetched) == (2, 1)


def test_a_run_without_data_asks_for_none(controller: Controller, outside: Outside) -> None:
    _, _, run = run_tag(controller)
    assert outside.fetcher.asked == []
    assert run.fetched is None


def test_a_strangers_code_gets_no_secret(controller: Controller, outside: Outside) -> None:
    outside.fetcher.there[URL] = DATA
    outside.fetcher.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    pull = fork(outside, files=LENT)
    controller.told_comment(pull, f"/reproduce {pull.sha}")
    controller.work()
    run = controller.run()
    assert run.judgement is not None
    assert (run.untrusted, run.judgement.reason) == (True, Reason.REFUSED)
    assert [request.trusted for request in outside.fetcher.asked] == [False]


def test_the_repositorys_own_code_does(controller: Controller, outside: Outside) -> None:
    outside.fetcher.there[URL] = DATA
    outside.fetcher.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    _, _, run = run_tag(controller, LENT)
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
