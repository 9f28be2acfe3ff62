"""Reports as people read them: kept whole as samples, and bounded and harmless whatever is in them."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.unit.report.examples import EXAMPLES, FOLDER, view
from tests.unit.verdict.build import claim, spec, trial

from reprise.domain.advice import AFTER_NOT_RUN, next_step
from reprise.domain.report import MAX_CHARACTERS, conversation_marker, render_conversation, render_report
from reprise.domain.run import FAULT, Fault, Judgement, Phase, Reason, RunId, Verdict
from reprise.domain.spec.model import Variation, Varied
from reprise.domain.text import ZERO_WIDTH_SPACE, for_terminal
from reprise.domain.verdict import judge, not_run
from reprise.domain.view import LostAttempt, Occasion, RunView
from reprise.jobs.outcome import Facts, message_of


@pytest.mark.parametrize("name", EXAMPLES)
def test_reports_read_like_the_samples(name: str) -> None:
    """Written again by ``python -m tests.unit.report.examples``."""
    kept = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert render_report(EXAMPLES[name]).markdown + "\n" == kept


def test_there_is_no_sample_without_an_example() -> None:
    assert {file.stem for file in FOLDER.glob("*.md")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_verdict_stands_first_and_what_to_do_second(name: str) -> None:
    report = render_report(EXAMPLES[name])
    first, blank, second, *_ = report.markdown.split("\n")
    assert first == f"### {report.title}"
    assert (blank, second) == ("", report.summary)
    assert second


def test_every_reason_has_advice() -> None:
    assert set(AFTER_NOT_RUN) == set(Reason)
    for verdict in Verdict:
        for reason in Reason:
            next_step(Judgement(verdict, None, reason, "why", ()))


@pytest.mark.parametrize(
    ("occasion", "untrusted", "said"),
    [
        (Occasion.TAG, False, "Then comment `/reproduce` on this commit."),
        (Occasion.COMMIT, True, "Then comment `/reproduce` on this commit."),
        (Occasion.PULL_REQUEST, False, "Then comment `/reproduce` on this pull request."),
        (Occasion.PULL_REQUEST, True, "Then comment `/reproduce 1a2b3c4` on this pull request."),
        (Occasion.REHEARSAL, False, "Then run `reprise run .` again."),
    ],
)
def test_what_was_refused_is_asked_for_again_where_it_was_asked_for(
    occasion: Occasion, untrusted: bool, said: str
) -> None:
    refused = view(not_run(Reason.REFUSED, "the operator forbids it: ask for it", spec(claim())))
    assert said in render_report(replace(refused, occasion=occasion, untrusted=untrusted)).summary


def test_who_rehearses_is_told_where_the_details_are() -> None:
    broke = view(not_run(Reason.INFRASTRUCTURE, "there is no BuildKit here: install it", spec(claim())))
    assert "the operator's log has the details" in render_report(broke).summary
    rehearsed = render_report(replace(broke, occasion=Occasion.REHEARSAL)).summary
    assert "operator" not in rehearsed
    assert "the folder after `logs and files` has what was logged" in rehearsed


@pytest.mark.parametrize("log_tail", ["", " \n\n", "died\n"])
def test_output_is_promised_only_where_it_stands_below(log_tail: str) -> None:
    failed = not_run(Reason.COMMAND_FAILED, "`python train.py` wrote more than the 1 GB of disk")
    report = render_report(replace(EXAMPLES["metric-missing"], judgement=failed, log_tail=log_tail))
    assert ("is below" in report.summary) is ("End of the log" in report.markdown) is bool(log_tail.strip())
    assert "repeats it on your machine" in report.summary


def test_advice_is_given_once() -> None:
    facts = Facts.model_validate(
        dict.fromkeys(("started_at", "seconds", "cpu_seconds"), 0.0)
        | dict.fromkeys(("peak_memory_bytes", "log_bytes", "log_cut"), 0)
        | {
            "outcome": "timed_out",
            "error": None,
            "detail": "",
            "exit_code": None,
            "signal": 15,
            "problems": (),
        }
    )
    what = spec(claim())
    why = message_of(facts, ("python", "train.py"), what.run, None)
    shown = render_report(view(not_run(Reason.TIMED_OUT, why, what)))
    assert shown.summary.count("run.timeout") == 1


def test_a_rehearsal_is_repeated_with_the_path_and_experiment_that_were_given() -> None:
    ended = replace(EXAMPLES["metric-missing"], occasion=Occasion.REHEARSAL, path="'../my paper'")
    shown = render_report(ended)
    assert "`reprise run '../my paper'` repeats it on your machine" in shown.summary
    assert shown.markdown.endswith("`reprise run '../my paper'` to run again")
    other = replace(ended, spec_file=".reprise/table-2.yaml", experiment="table-2")
    assert "`reprise run '../my paper' --experiment table-2` repeats" in render_report(other).summary
    varied = replace(ended, variation=Variation(Varied.SEED, "7", "0"))
    assert render_report(varied).markdown.endswith("`reprise run '../my paper' --vary seed=7` to run again")


@pytest.mark.parametrize("reason", [reason for reason in Reason if FAULT[reason] is Fault.INFRASTRUCTURE])
def test_infrastructure_is_not_called_a_broken_repository(reason: Reason) -> None:
    title = render_report(view(not_run(reason, "why", spec(claim())))).title
    assert title.startswith("wine: no answer: ")


def test_a_terminal_gets_no_html() -> None:
    text = for_terminal(render_report(EXAMPLES["metric-missing"]).markdown)
    assert "details>" not in text
    assert "$REPRISE_OUTPUT_DIR" in text
    assert "#### Trials (1)" in text


def test_more_than_ten_claims_are_collapsed_worst_first() -> None:
    claims = tuple(claim("0.97", id=f"c{number:02}") for number in range(14))
    values = {f"c{number:02}": 0.5 if number == 13 else 0.97 for number in range(14)}
    shown = render_report(view(judge(spec(*claims), [trial(values=dict(values))]))).markdown
    visible, collapsed = shown.split("<summary>4 more claims</summary>")
    assert visible.index("| c13 ") < visible.index("| c00 ")
    assert "| c12 " in collapsed


def test_what_went_wrong_beside_the_verdict_is_noted() -> None:
    shown = render_report(
        replace(
            EXAMPLES["reproduced"],
            lost=(LostAttempt(0, 1, "the node went away"),),
            tracking_problem="the tracker did not answer",
            dirty=True,
            outdated=True,
        )
    ).markdown
    assert "- The results could not be tracked: the tracker did not answer" in shown
    assert "- execution 0, attempt 1 was lost: the node went away" in shown
    assert "changes that are not committed" in shown
    assert "(the branch has moved on)" in shown


def test_whole_sections_are_left_out_when_it_gets_too_long() -> None:
    example = EXAMPLES["reproduced"]
    whole = render_report(example).markdown
    short = render_report(example, limit=len(whole) - 1).markdown
    assert len(short) < len(whole)
    assert "Left out because this text would be too long: provenance." in short
    assert short.count("<details>") == short.count("</details>") == whole.count("<details>") - 1
    assert short.endswith(whole.split("\n")[-1])


@pytest.mark.parametrize("limit", [300, 700, 1200, 2000])
def test_a_short_limit_is_kept(limit: int) -> None:
    for example in EXAMPLES.values():
        short = render_report(example, limit=limit).markdown
        assert len(short) <= limit
        assert f"run `{example.run_id}`" in short


def test_a_conversation_shows_the_newest_run_of_each_experiment() -> None:
    part = replace(EXAMPLES["not-reproduced"], run_id=RunId("r2"))
    other = replace(EXAMPLES["not-judged"], experiment="digits")
    marker = conversation_marker("pull:7")
    body = render_conversation(marker, [EXAMPLES["reproduced"], part, other])
    assert body.startswith("<!-- reprise:pull:7 -->\n### digits: ran, nothing to judge")
    titles = [line for line in body.splitlines() if line.startswith("### ")]
    assert [title.partition(" at ")[0] for title in titles] == [
        "### digits: ran, nothing to judge",
        "### wine: reproduced",
        "### wine: not reproduced",
    ]


def test_a_conversation_of_many_experiments_stays_in_bounds() -> None:
    views = [
        replace(EXAMPLES["metric-missing"], experiment=f"e{number}", log_tail="x" * 20_000 + "\n" * 50)
        for number in range(100)
    ]
    body = render_conversation(conversation_marker("commit:1"), views)
    assert len(body) <= MAX_CHARACTERS
    assert body.count("\n### ") == 100


def strange(text: str) -> RunView:
    """A run in which everything that a stranger controls is this text."""
    judged = judge(spec(claim("a", id="x"), claim("b", id="y")), [trial(values={"x": "a", "y": "c"})])
    claims = tuple(
        replace(each, id=text, published=text, got=text, message=text) for each in judged.claims * 8
    )
    judged = replace(judged, message=text, claims=claims, notes=(text,) * 20)
    return replace(
        view(judged, trial(reason=Reason.TIMED_OUT, message=text)),
        experiment=text,
        ref=text,
        who=text,
        where={text: text},
        problems=(text,) * 30,
        log_tail=text,
        tracking_problem=text,
        machine=text,
    )


markup = st.text(
    alphabet=st.sampled_from(list("@#|`<>&*_[]()~\\$:/-!\n\r abGH19.w")) | st.characters(),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60)
@given(markup)
def test_no_text_notifies_breaks_the_table_or_the_budget(text: str) -> None:
    shown = render_report(strange(text)).markdown
    assert len(shown) <= MAX_CHARACTERS
    assert not re.search(r"@[^\u200b]", shown)
    assert shown.count("<details") == shown.count("</details>") or "`" in text
    rows = [line for line in shown.split("\n") if line.startswith("| ") and "inconclusive" in line]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 8 for row in rows)


@settings(max_examples=60)
@given(markup)
def test_a_markdown_parser_sees_our_structure_and_nothing_else(text: str) -> None:
    page = (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .render(render_report(strange(text)).markdown)
    )
    tables = {"table", "thead", "tbody", "tr", "th", "td"}
    assert set(re.findall(r"<(\w+)", page)) <= {
        "h3",
        "p",
        "a",
        "code",
        "pre",
        "ul",
        "li",
        "details",
        "summary",
        *tables,
    }
    assert all(url.startswith("http://127.0.0.1:") for url in re.findall(r'href="([^"]*)"', page))
    assert {row.count("<t") for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)} == {7}


@pytest.mark.parametrize("text", ["x" * 500_000, "@ada " * 100_000, "|" * 100_000, "\n" * 100_000 + "end"])
def test_no_length_breaks_the_budget(text: str) -> None:
    shown = render_report(strange(text)).markdown
    assert len(shown) <= MAX_CHARACTERS
    assert "run `01k9x3m5`" in shown


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.DONE])
def test_a_live_run_has_a_report_too(phase: Phase) -> None:
    live = replace(view(None), phase=phase, occasion=Occasion.PULL_REQUEST, detail="place 3")
    assert "place 3" in render_report(live).summary


def test_a_strangers_code_is_called_so_and_is_repeated_by_its_commit() -> None:
    words = "/reproduce approve p4768f0bf on #7, asked for by eve"
    fork = replace(
        EXAMPLES["reproduced"], occasion=Occasion.PULL_REQUEST, ref="#7", trigger=words, untrusted=True
    )
    shown = render_report(fork).markdown.replace(ZERO_WIDTH_SPACE, "")
    assert f"- {words}, by `ada`; a stranger's code" in shown
    assert "comment `/reproduce 1a2b3c4` to run again" in shown.splitlines()[-1]
