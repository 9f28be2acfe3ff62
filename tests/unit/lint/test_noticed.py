"""What of the findings is kept with a run."""

from dataclasses import replace

from reprise.domain.lint.model import Barrier, Finding, Rule, Severity
from reprise.domain.lint.noticed import MOST, Linted, noticed, why_blocked
from reprise.store.codec import dump, load

RULE = Rule("RX99", Barrier.CODE, Severity.ERROR, "title", "why", lambda repo: ())


def finding(severity: Severity = Severity.ERROR, **changed: object) -> Finding:
    found = Finding(RULE, "train.py", 3, "what is there", "mend it", severity)
    return replace(found, **changed)  # type: ignore[arg-type] # any field may change


def test_errors_come_first_and_information_is_left_to_the_command() -> None:
    kept = noticed([finding(Severity.INFORMATION), finding(Severity.WARNING), finding(line=9)])
    assert [(each.severity, each.line) for each in kept.noticed] == [
        (Severity.ERROR, 9),
        (Severity.WARNING, 3),
    ]
    assert (kept.errors, kept.warnings) == (1, 1)


def test_what_is_ignored_with_a_reason_blocks_nothing() -> None:
    kept = noticed([finding(ignored="noise is what this figure shows")])
    assert kept == Linted()
    assert why_blocked(kept) is None


def test_only_errors_block_and_the_first_one_is_named() -> None:
    assert why_blocked(noticed([finding(Severity.WARNING)])) is None
    why = why_blocked(noticed([finding(), finding(line=9)]))
    assert why == "train.py:3: RX99 what is there. Mend it (1 more error is below)"
    assert "2 more errors are below" in (why_blocked(noticed([finding(line=n) for n in (1, 2, 3)])) or "")


def test_a_question_in_a_message_gets_no_second_stop() -> None:
    (asked,) = noticed([finding(message="there is no /los: did you mean /loss?")]).noticed
    assert asked.text == "there is no /los: did you mean /loss? Mend it"


def test_it_is_bounded_counted_and_fit_for_a_table() -> None:
    kept = noticed(finding(line=n, message="\ud800\0" + "x" * 10_000) for n in range(1, 500))
    assert (len(kept.noticed), kept.errors) == (MOST, 499)
    assert kept.noticed[0].message.encode().startswith(b"??xxx")
    assert len(kept.noticed[0].message) <= 500


def test_a_token_that_a_message_quotes_is_masked() -> None:
    kept = noticed([finding(message="the token ghp_" + "a1B2" * 9 + " is committed")])
    assert "a1B2a1B2" not in kept.noticed[0].message


def test_it_comes_back_from_a_column() -> None:
    kept = noticed([finding(), finding(Severity.WARNING)])
    assert load(Linted, dump(kept)) == kept
