"""What `reprise plan` tells an author, claim by claim."""

import json
from pathlib import Path

import pytest
from tests.unit.planning.build import claim_text, write_spec

from reprise.cli import invoke

PER_SEED = 'value: "0.9232", kind: mean, per_seed: seeds.json'
DISTRIBUTION = 'mode: distribution, margin: "0.01"'


def planned(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert invoke(["plan", str(folder), *options]) == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("published", "compare", "words"),
    [
        (PER_SEED, DISTRIBUTION, "for 80 % reproduced: 3 trials"),
        ('value: "0.9232", kind: mean, sd: "0.0035", m: 10', DISTRIBUTION, "10 published values scatter"),
        (
            'value: "0.9232"',
            DISTRIBUTION,
            "80 % reproduced needs a standard deviation between seeds of at most 0.0026",
        ),
        (
            'value: "0.9", kind: target',
            f"{DISTRIBUTION}, better: higher",
            "compared with a fixed target: 80 % reproduced needs a standard deviation between seeds",
        ),
        ('value: "0.9", kind: best-of', DISTRIBUTION, "always inconclusive"),
        (PER_SEED, "mode: tolerance, tolerance: {abs: 0.01}", "98 % chance that all values are within it"),
        ('value: "0.9232"', "mode: tolerance, tolerance: {abs: 0.01}", "missing the scatter between seeds"),
        (PER_SEED, "mode: exact", "only the author's own seed is compared"),
    ],
)
def test_every_kind_of_claim_is_told_what_it_can_expect(
    published: str, compare: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_spec(tmp_path, claim_text(published, compare))
    assert words in planned(tmp_path, capsys)


def test_what_holds_for_several_claims_is_explained_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = "mode: tolerance, tolerance: {abs: 0.01}"
    claims = [claim_text('value: "0.9232"', compare, name=name) for name in ("one", "two", "three")]
    write_spec(tmp_path, *claims)
    text = planned(tmp_path, capsys)
    assert text.count("commit the values of several seeds") == 1
    assert text.count("missing the scatter between seeds, as above") == 2
    assert text.index("commit the values") < text.index("as above")


def test_a_job_without_a_seed_is_not_asked_for_the_values_of_several(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_spec(tmp_path, claim_text('value: "0.9232"', "mode: tolerance, tolerance: {abs: 0.01}"), n=1)
    spec = (tmp_path / "reprise.yaml").read_text()
    (tmp_path / "reprise.yaml").write_text(spec.replace(", seed: {arg: --seed}", ""))
    text = planned(tmp_path, capsys)
    assert "the job takes no seed, so that only the machine and its software can move the value" in text
    assert "scatter between seeds" not in text


def test_seeds_without_effect_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_spec(tmp_path, claim_text(PER_SEED, DISTRIBUTION), seeds=(0.9232,) * 4)
    text = planned(tmp_path, capsys, "--suggest-tolerance")
    assert "they are all equal: the seed has no effect on this metric" in text
    assert "nothing yet: it takes the values of several seeds, not all equal" in text


def test_a_margin_finer_than_the_test_set_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_spec(tmp_path, claim_text(PER_SEED, DISTRIBUTION, n_eval=100))
    assert "claims more than the test set can show" in planned(tmp_path, capsys)


def test_a_suggestion_counts_only_once_it_is_committed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_spec(tmp_path, claim_text(PER_SEED, "mode: exact"))
    text = planned(tmp_path, capsys, "--suggest-tolerance")
    assert "mode tolerance: abs 0.018" in text
    assert "mode distribution: margin 0.0073, which gives 80 % reproduced with 5 trials" in text
    assert text.endswith(
        "A suggestion counts only once it is committed: write it into the spec before the tag."
    )


def test_a_claim_can_be_chosen_and_the_rest_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_spec(tmp_path, *(claim_text(PER_SEED, DISTRIBUTION, name=name) for name in ("one", "two")))
    assert "one: " not in planned(tmp_path, capsys, "--claim", "two")
    assert invoke(["plan", str(tmp_path), "--claim", "two", "--json"]) == 0
    (experiment,) = json.loads(capsys.readouterr().out)["experiments"]
    assert [claim["id"] for claim in experiment["claims"]] == ["two"]


def test_a_spec_that_claims_nothing_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_spec(tmp_path)
    assert "nothing will be judged" in planned(tmp_path, capsys)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--claim", "loss"], "there is no claim 'loss' here; there is: accuracy"),
        (["--experiment", "other"], "there is no experiment 'other' here; there is: table-2"),
    ],
)
def test_an_unknown_name_is_wrong_usage(
    options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_spec(tmp_path, claim_text(PER_SEED, DISTRIBUTION))
    assert invoke(["plan", str(tmp_path), *options]) == 64
    assert capsys.readouterr() == ("", f"reprise: {sentence}\n")


def test_a_spec_with_problems_is_not_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_spec(tmp_path, claim_text('value: "0.5", kind: mean, per_seed: seeds.json', DISTRIBUTION))
    assert invoke(["plan", str(tmp_path)]) == 64
    shown = capsys.readouterr().err
    assert "reprise.yaml:8:" in shown
    assert "`reprise check` lists every problem" in shown
