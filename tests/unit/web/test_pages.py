"""The pages for people: who may read them, what they say in each state, and what strangers cannot do."""

import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from tests.fakes.clock import START
from tests.unit.web import runs as make
from tests.unit.web.site import Site

from reprise.domain.leasing.money import Charge
from reprise.domain.run import Judgement, Level, Reason, Standing, TrialPlan, Verdict
from reprise.store import charges, repositories, runs

HOUR = timedelta(hours=1)

# --- who may read -----------------------------------------------------------------------------------

PATHS = ("/", "/runs/r1", "/api/v1/runs", "/api/v1/runs/r1", "/api/v1/runs/r1/log")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["192.0.2.7", "10.0.0.1", "2001:db8::1", "testclient"])
async def test_only_this_machine_may_read(site: Site, path: str, host: str) -> None:
    make.ended(site, make.REPRODUCED)
    async with site.client(host) as client:
        reply = await client.get(path)
    assert reply.status_code == 403
    assert "from the machine itself" in reply.text
    assert "table-2" not in reply.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_what_a_proxy_passes_on_does_not_come_from_this_machine(site: Site, header: str) -> None:
    async with site.client() as client:
        assert (await client.get("/", headers={header: "192.0.2.7"})).status_code == 403


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8400", "127.0.0.1.evil.example", "", "[::1"])
async def test_a_strangers_name_for_this_machine_is_refused(site: Site, name: str) -> None:
    """A web page could point its own name here and read along."""
    async with site.client() as client:
        assert (await client.get("/", headers={"Host": name})).status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1:8400", "localhost", "LOCALHOST:1", "[::1]:8400", "127.1.2.3"])
async def test_every_name_of_this_machine_is_fine(site: Site, name: str) -> None:
    async with site.client("::1") as client:
        assert (await client.get("/", headers={"Host": name})).status_code == 200


async def test_health_is_told_to_everybody_and_the_framework_shows_nothing_of_its_own(site: Site) -> None:
    async with site.client("192.0.2.7", base_url="https://reprise.example") as client:
        assert (await client.get("/healthz")).text == "ok\n"
        assert (await client.get("/readyz")).text == "ready\nintake: webhook\n"
        for path in ("/docs", "/redoc", "/openapi.json"):
            assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/", "/runs/r1", "/runs/nope", "/nothing"])
async def test_no_page_may_run_scripts_or_be_framed(site: Site, path: str) -> None:
    make.ended(site, make.REPRODUCED)
    reply = await _get(site, path)
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


# --- what they say ----------------------------------------------------------------------------------


async def test_an_empty_overview_says_what_to_do(site: Site) -> None:
    text = await _text(site, "/")
    assert "Watching Codertocat/Hello-World." in text
    assert "Nothing ran yet. Push a tag" in text


async def test_the_overview_has_the_newest_run_first(site: Site) -> None:
    make.ended(site, make.REPRODUCED, "r1")
    make.queued(site, "r2", trigger="/reproduce on #7")
    text = await _text(site, "/")
    assert text.index("Waiting for its turn") < text.index("Reproduced")
    assert "/reproduce on #7" in text


async def test_a_waiting_run_shows_its_place(site: Site) -> None:
    make.queued(site, "r1")
    make.queued(site, "r2")
    text = await _text(site, "/runs/r2")
    assert "Waiting for its turn, place 2" in text
    assert "The answer will stand here." in text


async def test_a_running_run_shows_time_and_log_and_loads_itself_again(site: Site) -> None:
    make.running(site, log="epoch 1\nepoch 2\n")
    page = (await _get(site, "/runs/r1")).text
    assert 'http-equiv="refresh"' in page
    text = _words(page)
    assert "Running 9.0 s so far." in text
    assert "epoch 1\nepoch 2" in page
    assert "0 7 – – – – running" in text


STATES = {
    "reproduced": (make.REPRODUCED, "good", "Reproduced at level B 1 of 1 claims, equal"),
    "not reproduced": (make.NOT_REPRODUCED, "bad", "Not reproduced accuracy: got 0.9499, published 0.93"),
    "inconclusive": (make.INCONCLUSIVE, "unsure", "Inconclusive the job does not repeat itself."),
    "not judged": (make.NOT_JUDGED, "good", "Ran, nothing to judge ran: accuracy 0.9324"),
    "repository": (
        make.PYTHON_MISSING,
        "bad",
        "Could not be run: the Python version is not installed here reprise.yaml: Python 3.9",
    ),
    "machine": (make.BROKEN_MACHINE, "unsure", "No answer: the infrastructure failed the package index"),
    "stopped": (make.CANCELLED, "unsure", "Stopped: cancelled cancelled by grace."),
}


@pytest.mark.parametrize(("judgement", "tone", "words"), STATES.values(), ids=STATES)
async def test_the_verdict_comes_first(site: Site, judgement: Judgement, tone: str, words: str) -> None:
    make.ended(site, judgement)
    page = (await _get(site, "/runs/r1")).text
    assert f'<h1 class="{tone}">' in page
    assert _words(page.partition("<main>")[2]).startswith(words)
    assert "refresh" not in page


async def test_an_ended_run_shows_claims_trials_environment_and_links(site: Site) -> None:
    make.ended(site, make.REPRODUCED, tracked=make.TRACKED)
    page = (await _get(site, "/runs/r1")).text
    text = _words(page)
    assert "accuracy Table 2, row 3 Reproduced 0.93 0.9325 +0.0025 ±0.005 B" in text
    assert "0 7 0 2.5 s 2.2 s 148 MB completed" in text
    assert "predictions.csv written no aaaaaaaaaaaa" in text
    assert "Python 3.11.7" in text
    assert "pinned weakly: no hashes" in text
    assert "2 installed numpy==2.3.0 scipy==1.16.0" in text
    assert "Running 7.0 s" in text
    for link in (make.TRACKED.url, "/api/v1/runs/r1", "/api/v1/runs/r1/log?trial=0"):
        assert f'href="{link}"' in page


async def test_what_leases_cost_stands_on_the_page_and_in_the_object(site: Site) -> None:
    make.ended(site, make.REPRODUCED)
    charge = Charge("l1", "CHI@UC", "1 x gpu_rtx_6000", 2.0, START, START + HOUR, START + HOUR / 2)
    with site.store.write() as connection:
        run = runs.get_run(connection, "r1")
        assert run is not None
        charges.keep(connection, run, [charge, replace(charge, lease_id="l2", fault="<no disk>")])
    text = await _text(site, "/runs/r1")
    assert "Cost: 1.0 SU: 1 x gpu_rtx_6000 of CHI@UC for 30 min at 2 SU an hour." in text
    assert "Infrastructure faults cost 1.0 SU more" in text
    assert "&lt;no disk&gt;" in text
    told = (await _get(site, "/api/v1/runs/r1")).json()["cost"]
    assert (told["su"], told["faults_su"], len(told["leases"])) == (1.0, 1.0, 2)


async def test_every_problem_of_a_spec_is_listed(site: Site) -> None:
    broken = "version: 1\nrun: {comand: x}\nrunz: 1\n"
    run_id = make.running(site, spec=broken)
    make.finish(site, run_id, make.SPEC_INVALID)
    text = await _text(site, "/runs/r1")
    assert "unknown key &#39;comand&#39;" in text
    assert "unknown key &#39;runz&#39;" in text
    assert "reprise check --spec-only ." in text
    assert "(and 1 more)" not in text


async def test_what_could_not_be_tracked_or_posted_is_said(site: Site) -> None:
    problems = {"tracking_problem": "the tracker is full", "reporting_problem": "no permission"}
    make.ended(site, make.REPRODUCED, **problems)
    text = await _text(site, "/runs/r1")
    assert "The results could not be tracked: the tracker is full." in text
    assert "The report could not be posted: no permission." in text


async def test_a_report_that_an_archived_repository_did_not_take_is_promised(site: Site) -> None:
    make.ended(site, make.REPRODUCED, reporting_problem="ada/wine is archived")
    with site.store.write() as connection:
        (found,) = repositories.known(connection)
        repositories.remember(connection, replace(found, standing=Standing.ARCHIVED))
    text = await _text(site, "/runs/r1")
    assert "ada/wine is archived. It will be once the repository is back." in text


async def test_a_lost_attempt_is_listed_with_its_reason(site: Site) -> None:
    run_id = make.running(site)
    make.end_trial(site, run_id, lost="the machine restarted")
    make.begin(site, run_id, TrialPlan(0, 7, False), attempt=2)
    text = await _text(site, "/runs/r1")
    assert "lost: the machine restarted" in text
    assert "0 , attempt 2 7 – – – – running" in text


async def test_a_run_that_is_not_there_is_a_page_with_a_sentence(site: Site) -> None:
    reply = await _get(site, "/runs/<b>nope")
    assert reply.status_code == 404
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "There is no run &#39;&lt;b&gt;nope&#39;" in reply.text


# --- what strangers write ---------------------------------------------------------------------------

HOSTILE = '<script>alert(1)</script><img src=x onerror="x">'


async def test_names_and_messages_of_strangers_stay_text(site: Site) -> None:
    judgement = Judgement(
        make.NOT_REPRODUCED.verdict,
        None,
        make.NOT_REPRODUCED.reason,
        HOSTILE,
        (make.claim(make.NOT_REPRODUCED.verdict, message=HOSTILE, id=HOSTILE),),
        (HOSTILE,),
    )
    named = dict.fromkeys(("experiment", "ref", "who", "trigger", "spec_file"), HOSTILE)
    run_id = make.queued(site, **named)
    make.begin(site, run_id, TrialPlan(0, 7, False), log=HOSTILE)
    make.end_trial(site, run_id, lost=HOSTILE)
    make.finish(site, run_id, judgement, tracking_problem=HOSTILE, reporting_problem=HOSTILE)
    for path in ("/", "/runs/r1"):
        page = (await _get(site, path)).text
        assert "&lt;script&gt;" in page
        assert "<script" not in page
        assert "<img" not in page


async def test_logs_lose_colours_controls_and_what_progress_overwrote(site: Site) -> None:
    log = b"\x1b[32mgreen\x1b[0m \x00\x07bell \xff\xfe\r 10 %\r100 %\n\xe2\x80\xaeturned\n"
    make.running(site, log=log)
    page = (await _get(site, "/runs/r1")).text
    assert ">100 %\nturned\n</pre>" in page


async def test_a_log_shows_nothing_that_looks_like_a_secret_of_its_author(site: Site) -> None:
    token = "hf_" + "a1B2" * 8
    make.running(site, log=f"login with {token}\nepoch 1\n")
    page = (await _get(site, "/runs/r1")).text
    assert "login with [hidden]\nepoch 1" in page
    assert token not in page


async def test_a_long_log_shows_its_end_and_links_the_rest(site: Site) -> None:
    make.running(site, log="".join(f"line {number}\n" for number in range(20_000)))
    page = (await _get(site, "/runs/r1")).text
    assert "line 19999" in page
    assert "line 10\n" not in page
    assert len(page) < 100_000
    assert '<a href="/api/v1/runs/r1/log">' in page


async def _get(site: Site, path: str) -> httpx.Response:
    async with site.client() as client:
        return await client.get(path)


async def _text(site: Site, path: str) -> str:
    return _words((await _get(site, path)).text)


def _words(page: str) -> str:
    """What is read, on one line."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


async def test_a_page_tells_every_verification_of_its_commit(site: Site) -> None:
    missed = Judgement(Verdict.NOT_REPRODUCED, None, Reason.COMPLETED, "", ())
    make.ended(site, missed, "r1")
    assert "Verifications of this commit" not in await _text(site, "/runs/r1")

    make.ended(site, replace(missed, verdict=Verdict.REPRODUCED, level=Level.B), "r2")

    assert "1 of 2 verifications of this commit reached the bar" in await _text(site, "/runs/r1")
    assert '<a href="/runs/r2"><code>r2</code></a>' in (await _get(site, "/runs/r1")).text
