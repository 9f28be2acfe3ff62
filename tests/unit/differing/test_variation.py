"""What can be varied, what is refused, and that exactly one value of a spec becomes another."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from tests.unit.verdict.build import claim, spec

from reprise.domain.environment import NO_LINEAR_ALGEBRA
from reprise.domain.errors import UserError
from reprise.domain.spec.model import Profile, Spec, Variation, Varied
from reprise.domain.variation import CHANGES, listing, parse, sentence, settled, varied, without_effect

SPEC = spec(claim())
EXAMPLES = {
    Varied.SEED: "seed=3",
    Varied.THREADS: "threads=2",
    Varied.BLAS: "blas=Prescott",
    Varied.HASH_SEED: "hashseed=7",
    Varied.PROFILE: "profile=strict",
    Varied.PACKAGE: "package=NumPy==2.3.0",
    Varied.TIME_ZONE: "timezone=Asia/Kolkata",
    Varied.LOCALE: "locale=de_DE.UTF-8",
}


def changed(one: Any, other: Any, path: str = "") -> list[str]:
    """Names of the leaves in which two specs differ."""
    if is_dataclass(one) and is_dataclass(other):
        pairs = [(field.name, getattr(one, field.name), getattr(other, field.name)) for field in fields(one)]
        return [name for key, a, b in pairs for name in changed(a, b, f"{path}.{key}" if path else key)]
    return [path] if one != other else []


CHANGED = {
    Varied.SEED: "run.seed.value",
    Varied.THREADS: "determinism.threads",
    Varied.BLAS: "run.variables",
    Varied.HASH_SEED: "run.variables",
    Varied.PROFILE: "determinism.profile",
    Varied.PACKAGE: "environment.replaced",
    Varied.TIME_ZONE: "run.variables",
    Varied.LOCALE: "run.variables",
}


@pytest.mark.parametrize("factor", Varied)
def test_exactly_one_value_of_the_spec_becomes_another(factor: Varied) -> None:
    other = varied(SPEC, parse(EXAMPLES[factor]))
    assert changed(SPEC, other) == [CHANGED[factor], "variation"]
    assert other.variation is not None
    assert other.variation.instead_of


@pytest.mark.parametrize("factor", Varied)
def test_every_factor_is_listed_as_it_is_written(factor: Varied) -> None:
    assert CHANGES[factor].startswith(f"{factor.value}=")
    assert CHANGES[factor] in listing()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("seed", "1"),
        ("threads", "1"),
        ("hashseed", "1"),
        ("profile", "strict"),
        ("timezone", "Asia/Kolkata"),
        ("locale", "C"),
    ],
)
def test_a_factor_by_itself_has_a_value_of_its_own(text: str, value: str) -> None:
    assert settled(parse(text), SPEC).value == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sed=3", "there is nothing called 'sed' to vary, did you mean seed?"),
        ("", "there is nothing called '' to vary; `--vary list`"),
        ("seed=x", "a whole number from 0 to 2147483647"),
        ("seed=", "a whole number"),
        ("seed=-1", "a whole number"),
        ("seed=٣", "a whole number"),
        ("threads=0", "from 1 to 1024"),
        ("blas=../x", "write the name of a kernel"),
        ("profile=loose", "it is one of as-published, strict"),
        ("package", "needs a name and a version"),
        ("package=numpy", "write a name and a version"),
        ("package=numpy==2.0 --index-url x", "write a name and a version"),
        ("package=-r==1", "write a name and a version"),
        ("timezone=../../etc/passwd", "write the name of a zone"),
        ("locale=$(id)", "write the name of a locale"),
        ("seed=" + "1" * 200, "seed="),
    ],
)
def test_what_cannot_be_varied_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        parse(text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text", ["seed=0", "hashseed=0", "timezone=UTC", "locale=C.UTF-8", "profile=as-published"]
)
def test_what_it_is_anyway_is_no_variation(text: str) -> None:
    with pytest.raises(UserError, match="changes nothing: it is"):
        settled(parse(text), SPEC)


def test_a_job_that_cannot_be_told_a_seed_cannot_be_varied_in_it() -> None:
    with pytest.raises(UserError, match=r"has no `run\.seed`"):
        varied(spec(claim(), seed=None), parse("seed=3"))


def test_threads_by_themselves_differ_from_the_declared() -> None:
    one: Spec = replace(SPEC, determinism=replace(SPEC.determinism, threads=1))
    assert settled(parse("threads"), one).value == "2"


def test_a_strict_experiment_is_varied_to_as_published() -> None:
    strict = replace(SPEC, determinism=replace(SPEC.determinism, profile=Profile.STRICT))
    assert varied(strict, parse("profile")).determinism.profile is Profile.AS_PUBLISHED


def test_the_sentence_says_what_was_changed_from_what_and_that_it_proves_nothing() -> None:
    text = sentence(settled(parse("seed=3"), SPEC))
    assert text.startswith("Varied on purpose: seed is 3 in place of 0, and nothing else.")
    assert "never signed or posted" in text
    assert str(Variation(Varied.SEED, "3")) == "seed=3"


ASKED = {"in_process.argv": "train.py"}
UNLOADED = {**ASKED, "missing.blas": NO_LINEAR_ALGEBRA}


@pytest.mark.parametrize("record", [UNLOADED, {**ASKED, "blas.openmp.file": "libgomp.so.1"}])
def test_a_kernel_is_without_effect_on_a_job_that_loaded_no_linear_algebra(record: dict[str, str]) -> None:
    assert without_effect(parse("blas=Haswell"), record) == (
        "The variation had no effect: the job loaded no library for linear algebra."
    )
    assert without_effect(parse("threads=1"), record) == ""


def test_a_kernel_that_the_library_did_not_take_is_without_effect() -> None:
    record = {**ASKED, "blas.openblas.architecture": "SkylakeX"}
    assert "worked with SkylakeX, so this variation had no effect" in without_effect(
        parse("blas=Haswell"), record
    )
    assert without_effect(parse("blas=skylakex"), record) == ""


@pytest.mark.parametrize(
    ("varied", "name"), [("timezone=Asia/Kolkata", "time_zone"), ("locale=de_DE.UTF-8", "locale")]
)
def test_what_the_job_had_not_installed_is_without_effect(varied: str, name: str) -> None:
    record = {**ASKED, f"missing.in_process.{name}": "it is not installed"}
    assert without_effect(parse(varied), record) == "The variation had no effect: it is not installed."
    assert without_effect(parse(varied), ASKED) == ""


@pytest.mark.parametrize(
    "record",
    [{}, {**ASKED, "missing.blas": "it could not be asked"}, {**ASKED, "blas.openblas.version": "0.3.30"}],
)
def test_nothing_is_said_of_an_effect_that_nobody_knows(record: dict[str, str]) -> None:
    assert without_effect(parse("blas=Haswell"), record) == ""
