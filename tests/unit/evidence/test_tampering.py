"""Whatever is changed in a package is found: bytes by the zip and the sums, meaning by judging again.

Without the operator's key a forger can rewrite everything, sums and statement included. What is found then
is whatever does not follow from the raw files, and that somebody else signed it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.evidence import recorded, sealing
from tests.unit.evidence.asking import ask, problems
from tests.unit.evidence.recorded import RECORD, files
from tests.unit.evidence.sealing import KEY, OTHER_KEY, contents, package, seal

from reprise.adapters.evidence.read_evidence import Answer, Voucher, packing
from reprise.adapters.evidence.read_zip import read_zip
from reprise.domain.rejudge import Newer, Record
from reprise.domain.run import Verdict

PACKAGE = package(RECORD, files())
CONTENTS = contents(RECORD, files())
MISSED = ((90.0, 99.438),) * 3
"""Another first metric in every execution: not reproduced."""
JSON_FILES = ("report.json", "run.json", "ro-crate-metadata.json")


def test_a_package_as_sealed_is_authentic() -> None:
    made = ask(PACKAGE, KEY)
    assert problems(made) == {}
    assert made.voucher is Voucher.KNOWN
    assert made.rejudged is not None
    assert made.rejudged.judgement.verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("deflated", [False, True], ids=["stored", "deflated"])
def test_every_flipped_byte_is_found_without_a_key(deflated: bool) -> None:
    whole = seal(CONTENTS, deflated=deflated)
    assert ask(whole).authentic
    missed = [at for at in range(len(whole)) if ask(_flipped(whole, at)).authentic]
    assert missed == []


def test_files_that_were_compressed_again_are_found_where_zlib_is_the_usual_one() -> None:
    entries = [(sealing.entry(name, deflated=True), data) for name, data in sorted(_signed().items())]
    again = sealing.written(entries, level=1)
    assert problems(ask(again, KEY)).keys() == {"packing"}
    package = read_zip(memoryview(again))
    assert packing(package, "1.3.1.zlib-ng").answer is Answer.NOTE
    assert packing(package, "1.3.1").answer is Answer.PROBLEM


def test_a_package_that_is_cut_short_is_none() -> None:
    assert not any(ask(PACKAGE[:length]).authentic for length in range(len(PACKAGE)))


@settings(max_examples=60)
@given(st.integers(0, len(PACKAGE)), st.binary(min_size=1, max_size=40))
def test_bytes_that_were_put_in_anywhere_are_found(at: int, more: bytes) -> None:
    assert not ask(PACKAGE[:at] + more + PACKAGE[at:]).authentic


def test_sums_that_were_rewritten_are_not_those_that_were_signed() -> None:
    """By whoever has no key at all: the old signature stays."""
    honest = sealing.signed(sealing.summed(CONTENTS), key=KEY)
    forged = {**contents(RECORD, files(*MISSED)), sealing.ATTESTATION: honest[sealing.ATTESTATION]}
    made = ask(_with_old_signature(forged))
    assert problems(made)["statement"] == "the signed statement names other sums than the package's"


def test_a_package_that_somebody_else_signed_names_their_key() -> None:
    forged = seal(CONTENTS, key=OTHER_KEY)
    alone = ask(forged)
    assert (alone.authentic, alone.voucher, alone.keyid) == (True, Voucher.UNKNOWN, sealing.key_id(OTHER_KEY))
    assert "none of those given" in problems(ask(forged, KEY))["signature"]


def test_a_signature_under_the_name_of_another_key_is_a_forgery() -> None:
    listed = sealing.summed(CONTENTS)
    payload = sealing.as_json(sealing.statement(listed))
    under = sealing.envelope(payload, OTHER_KEY, keyid=sealing.key_id(KEY))
    made = ask(sealing.zipped({**listed, sealing.ATTESTATION: under}), KEY)
    assert problems(made) == {"signature": "the signature was not made by reprise.pub, the key that it names"}


def test_unsigned_evidence_is_intact_until_a_key_is_asked_for() -> None:
    data = seal(_without_attestation(CONTENTS), key=None)
    assert (ask(data).authentic, ask(data).voucher) == (True, Voucher.NOBODY)
    assert problems(ask(data, KEY)) == {"signature": "the package is not signed: anybody could have made it"}


def test_one_key_of_several_is_enough() -> None:
    assert ask(PACKAGE, OTHER_KEY, KEY).authentic


def test_a_swapped_metric_file_leads_to_another_verdict() -> None:
    """Sums and signature are those of the forger, who forgot the rest."""
    name = "runs/0-1/files/results/metrics.json"
    made = ask(seal({**CONTENTS, name: b'{"lda": 12.0, "qda": 99.4}'}, key=OTHER_KEY))
    assert {"report", "crate"} <= problems(made).keys()
    assert "gives verdict as reproduced, and inconclusive follows" in problems(made)["report"]


def test_a_report_that_does_not_follow_is_found() -> None:
    forged = _edited("report.json", lambda report: report["claims"][0].update(got=98.9))
    said = "report.json gives claims[0].got as 98.9, and 98.876 follows"
    assert problems(ask(forged))["report"] == said


def test_a_headline_that_does_not_follow_is_found() -> None:
    made = ask(seal({**CONTENTS, "report.md": b"### wine: reproduced at level A\n"}, key=OTHER_KEY))
    assert "report.md does not begin with what follows" in problems(made)["report"]


def test_a_level_that_does_not_follow_is_found() -> None:
    made = ask(_edited("report.json", lambda report: report.update(level="A")))
    assert "gives level as A, and B follows" in problems(made)["report"]


def test_seeds_are_those_of_the_coin() -> None:
    """Nobody may choose a seed that happens to hit, whoever signs."""
    lucky = replace(RECORD.trials[2], seed=12)
    assert "has seed 12, and the coin gives" in _said(_resealed(trials=(*RECORD.trials[:2], lucky)), "series")
    assert "the coin gives" in _said(_resealed(coin="4212"), "series")


def test_an_execution_that_was_left_out_is_missed() -> None:
    record = replace(RECORD, trials=RECORD.trials[:2])
    made = ask(package(record, files(*[(recorded.LDA, recorded.QDA)] * 2), key=OTHER_KEY))
    assert problems(made) == {"series": f"execution 2 with seed {RECORD.trials[2].seed} is missing"}


def test_an_execution_that_nobody_asked_for_is_found() -> None:
    again = replace(RECORD.trials[2], index=3, started_at=recorded.AT + timedelta(seconds=30))
    record = replace(RECORD, trials=(*RECORD.trials, again))
    made = ask(package(record, files(*[(recorded.LDA, recorded.QDA)] * 4), key=OTHER_KEY))
    assert "more than the declaration asks for" in problems(made)["series"]


def test_files_of_no_execution_are_found() -> None:
    made = ask(package(RECORD, {**files(), "runs/7-1/files/results/metrics.json": b"{}"}, key=OTHER_KEY))
    assert "belongs to no execution" in problems(made)["series"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ended_at": recorded.AT + timedelta(days=400)}, "still to come"),
        ({"requested_at": recorded.AT + timedelta(seconds=2)}, "not in order"),
        ({"started_at": recorded.AT + timedelta(seconds=30)}, "before its turn"),
        ({"ended_at": recorded.AT + timedelta(seconds=12)}, "the run ended at"),
        ({"requested_at": recorded.AT - timedelta(days=4000)}, "before the first release"),
    ],
)
def test_a_run_happens_between_its_request_and_its_end(change: dict[str, Any], said: str) -> None:
    assert said in _said(_resealed(**change), "clocks")


@pytest.mark.parametrize("seconds", [-1.0, 1e300, 3600.0])
def test_an_execution_takes_no_longer_than_its_run(seconds: float) -> None:
    made = ask(_edited("run.json", lambda run: run["trials"][0].update(seconds=seconds)))
    assert "clocks" in problems(made)


def test_what_was_recorded_of_an_outcome_is_what_the_files_say() -> None:
    without = {name: data for name, data in CONTENTS.items() if not name.startswith("runs/2-1/")}
    made = ask(seal(without, key=OTHER_KEY))
    assert "recorded as completed, and its files say metric_missing" in problems(made)["series"]


def test_lost_attempts_are_all_listed() -> None:
    second = replace(RECORD.trials[1], attempt=2)
    record = replace(RECORD, trials=(RECORD.trials[0], second, RECORD.trials[2]))
    moved = {name.replace("runs/1-1", "runs/1-2"): data for name, data in files().items()}
    made = ask(package(record, moved, key=OTHER_KEY))
    assert problems(made) == {"series": "execution 1: attempt 2 counts, and 0 were lost"}


def test_the_crate_tells_the_same_story() -> None:
    def later(crate: dict[str, Any]) -> None:
        _entity(crate, "#run-0-1")["endTime"] = "2026-11-21T09:00:13+00:00"

    made = ask(_edited("ro-crate-metadata.json", later))
    assert problems(made) == {"crate": "ro-crate-metadata.json gives #run-0-1 another endTime than run.json"}


def test_a_statement_about_another_commit_is_found() -> None:
    def other(statement: dict[str, Any]) -> None:
        statement["subject"][1]["digest"]["gitCommit"] = "0" * 40

    assert "another commit" in _said(_restated(other), "statement")


def test_a_statement_of_another_result_is_found() -> None:
    def failed(statement: dict[str, Any]) -> None:
        statement["predicate"]["warnedTests"] = ["lda"]

    assert "warnedTests" in _said(_restated(failed), "statement")


def test_evidence_of_a_later_release_is_not_called_a_forgery() -> None:
    later = _edited("run.json", lambda run: run.update(format=3, shape="another"))
    with pytest.raises(Newer, match="made by a newer Reprise"):
        ask(later)
    assert not ask(later, KEY).authentic


@settings(max_examples=60)
@given(st.data())
def test_any_edit_of_any_value_is_found_by_whoever_has_the_key(data: st.DataObject) -> None:
    """The sums are rewritten and the signature stays: what a forger without the key can do at best."""
    name = data.draw(st.sampled_from(JSON_FILES))
    edited = {**CONTENTS, name: sealing.as_json(data.draw(_edits(json.loads(CONTENTS[name]))))}
    assert not ask(_with_old_signature(edited), KEY).authentic
    assert not ask(_with_old_signature(edited)).authentic


@settings(max_examples=60)
@given(st.data())
def test_any_edit_of_the_report_is_found_whoever_signs(data: st.DataObject) -> None:
    report = {k: v for k, v in json.loads(CONTENTS["report.json"]).items() if k not in ("phase", "evidence")}
    edited = sealing.as_json(data.draw(_edits(report)))
    made = ask(sealing.zipped(sealing.summed({**CONTENTS, "report.json": edited})))
    assert "report" in problems(made)


@settings(max_examples=60)
@given(st.data())
def test_an_edited_record_gives_no_verdict_that_does_not_follow(data: st.DataObject) -> None:
    """Nobody vouches for it, and it may still be consistent: then its verdict is that of its own files."""
    name = data.draw(st.sampled_from(JSON_FILES))
    edited = sealing.as_json(data.draw(_edits(json.loads(CONTENTS[name]))))
    try:
        made = ask(sealing.zipped(sealing.summed({**CONTENTS, name: edited})))
    except Newer:
        return
    assert not made.authentic or (
        made.rejudged is not None and made.rejudged.judgement.verdict is Verdict.REPRODUCED
    )


def _signed() -> dict[str, bytes]:
    return sealing.signed(sealing.summed(CONTENTS), key=KEY)


def _flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << (at % 8)
    return bytes(changed)


def _without_attestation(made: dict[str, bytes]) -> dict[str, bytes]:
    """What the crate of an unsigned package describes."""
    crate = json.loads(made["ro-crate-metadata.json"])
    crate["@graph"] = [each for each in crate["@graph"] if each["@id"] != sealing.ATTESTATION]
    root = _entity(crate, "./")
    root["hasPart"] = [each for each in root["hasPart"] if each["@id"] != sealing.ATTESTATION]
    return {**made, "ro-crate-metadata.json": sealing.as_json(crate)}


def _with_old_signature(made: dict[str, bytes]) -> bytes:
    honest = sealing.signed(sealing.summed(CONTENTS), key=KEY)[sealing.ATTESTATION]
    listed = sealing.summed({name: data for name, data in made.items() if name != sealing.ATTESTATION})
    return sealing.zipped({**listed, sealing.ATTESTATION: honest})


def _edited(name: str, change: Callable[[Any], object]) -> bytes:
    """Resealed by somebody else."""
    value = json.loads(CONTENTS[name])
    change(value)
    return seal({**CONTENTS, name: sealing.as_json(value)}, key=OTHER_KEY)


def _resealed(**changes: Any) -> bytes:
    """A record that was changed before everything else was made from it."""
    record: Record = replace(RECORD, **changes)
    return package(record, files(), key=OTHER_KEY)


def _restated(change: Callable[[dict[str, Any]], None]) -> bytes:
    listed = sealing.summed(CONTENTS)
    statement = sealing.statement(listed)
    change(statement)
    signature = sealing.envelope(sealing.as_json(statement), KEY)
    return sealing.zipped({**listed, sealing.ATTESTATION: signature})


def _said(data: bytes, name: str) -> str:
    return problems(ask(data))[name]


def _entity(crate: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in crate["@graph"] if each["@id"] == name)
    return found


_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)


@st.composite
def _edits(draw: st.DrawFn, value: Any) -> Any:
    """The value with one thing in it replaced, removed or added."""
    places = list(_places(value, ()))
    place = draw(st.sampled_from(places))
    changed = json.loads(json.dumps(value))
    here = changed
    for step in place[:-1]:
        here = here[step]
    if draw(st.booleans()):
        del here[place[-1]]
    else:
        before = here[place[-1]]
        here[place[-1]] = draw(_VALUES.filter(lambda other: json.dumps(other) != json.dumps(before)))
    return changed


def _places(value: Any, at: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in steps:
        yield (*at, step)
        yield from _places(below, (*at, step))
