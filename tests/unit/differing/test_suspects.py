"""What moves a suspect up or down beside its name: size of the miss, use, the probe, the ledger."""

from reprise.domain.differences import Factor, Flat
from reprise.domain.suspects import NON_DETERMINISM, Clues, Suspect, rank

BLAS = "blas.openblas.architecture"
HASWELL: Flat = {BLAS: "Haswell"}
PRESCOTT: Flat = {BLAS: "Katmai"}
USED = {"in_process.modules": "numpy, yaml"}


def suspects(
    *pairs: tuple[str, str, str], clues: Clues | None = None, both: Flat | None = None
) -> tuple[Suspect, ...]:
    """Who is suspected, first to last, when these fields differ and ``both`` are the same."""
    one = {**(both or {}), **{name: before for name, before, _ in pairs}}
    other = {**(both or {}), **{name: now for name, _, now in pairs}}
    return rank(one, other, clues or Clues())


def test_a_job_that_does_not_repeat_itself_is_its_own_first_suspect() -> None:
    first, second = rank(HASWELL, PRESCOTT, Clues(repeats=False))
    assert (first.name, first.factor) == (NON_DETERMINISM, None)
    assert second.factor is Factor.BLAS


def test_a_tiny_miss_points_to_rounding_and_a_large_one_to_another_draw() -> None:
    pairs = (("run.seed", "0", "1"), (BLAS, "Haswell", "Zen"))
    tiny = suspects(*pairs, clues=Clues(relative_difference=1e-9))
    large = suspects(*pairs, clues=Clues(relative_difference=0.2))
    assert [each.factor for each in tiny] == [Factor.BLAS, Factor.SEED]
    assert [each.factor for each in large] == [Factor.SEED, Factor.BLAS]


def test_a_numerical_library_that_the_job_never_imported_is_innocent() -> None:
    torch = ("python.packages.torch", "1.13.1", "2.6.0")
    [unused] = suspects(torch, both={"in_process.modules": "numpy"})
    [used] = suspects(torch, both={"in_process.modules": "numpy, torch"})
    [unknown] = suspects(torch)
    assert not unused.noticeable
    assert unused.reason == "the job never imported it"
    assert used.score > unknown.score > 10 * unused.score


def test_a_distribution_is_known_by_the_name_of_its_module() -> None:
    [learn] = suspects(
        ("python.packages.scikit-learn", "1.5.0", "1.6.0"), both={"in_process.modules": "sklearn"}
    )
    assert learn.noticeable


def test_a_patch_release_weighs_less_than_a_major_one() -> None:
    scores = [
        suspects(("python.packages.numpy", "2.1.0", now), both=USED)[0].score
        for now in ("2.1.1", "2.2.0", "3.0.0")
    ]
    assert scores == sorted(scores)
    assert len(set(scores)) == 3


def test_another_processor_hardly_matters_where_blas_took_the_same_kernel() -> None:
    other = ("cpu.model", "EPYC 7763", "EPYC 7713")
    [same] = suspects(other, both=HASWELL)
    [unknown] = suspects(other)
    assert unknown.score > 3 * same.score


def test_flags_of_cards_do_not_matter_without_a_card() -> None:
    flag = ("in_process.torch.backends.cuda.matmul.allow_tf32", "false", "true")
    [without] = suspects(flag)
    [with_card] = suspects(flag, both={"gpu.0.name": "A100"})
    assert not without.noticeable
    assert with_card.score > 50


def test_code_and_data_are_nearly_cleared_where_the_same_commit_reproduced() -> None:
    data = ("data.train.csv", "aa", "bb")
    [suspected] = suspects(data)
    [cleared] = suspects(data, clues=Clues(reproduced_elsewhere=True))
    assert suspected.score > 5 * cleared.score


def test_the_commit_of_a_committed_record_is_always_older_and_so_says_little() -> None:
    tree = ("source.tree", "aa", "bb")
    [weak] = suspects(tree, clues=Clues(older_reference=True))
    [strong] = suspects(tree)
    assert strong.score > 3 * weak.score


def test_another_commit_with_the_same_files_is_no_suspect() -> None:
    [same] = suspects(("source.commit", "aa", "bb"), both={"source.tree": "cc"})
    assert not same.noticeable


def test_a_command_that_differs_by_the_seed_alone_is_the_seeds_doing() -> None:
    one = {"run.argv": "python, train.py, --seed, 0", "run.seed": "0"}
    other = {"run.argv": "python, train.py, --seed, 7", "run.seed": "7"}
    first, second = rank(one, other, Clues())
    assert first.factor is Factor.SEED
    assert not second.noticeable


def test_a_blas_that_came_with_another_numpy_points_to_numpy() -> None:
    pairs = (
        ("python.packages.numpy", "2.3.5", "2.4.6"),
        ("blas.openblas.version", "0.3.30", "0.3.31"),
        ("in_process.numpy.simd.found", "SSSE3, AVX2", "X86_V3"),
    )
    assert suspects(*pairs, both=USED)[0].name == "package numpy"


def test_what_cannot_touch_arithmetic_is_not_worth_a_look() -> None:
    found = suspects(
        ("os.kernel", "5.15", "6.8"),
        ("run.id", "a", "b"),
        ("run.started_at", "1", "2"),
        ("gpu.0.uuid", "a", "b"),
        ("python.packages.pip", "24.0", "25.0"),
        ("cpu.microcode", "1", "2"),
        ("memory.total_bytes", "1", "2"),
        both={"gpu.0.name": "A100"},
    )
    assert len(found) >= 6
    assert not any(each.noticeable for each in found)
