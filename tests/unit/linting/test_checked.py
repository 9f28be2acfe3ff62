"""A folder is checked, mended and known."""

from pathlib import Path

from tests.unit.lint.examples import RULES
from tests.unit.linting.folders import SPEC, folder, repository

from reprise.domain.addresses import SPEC_PAGE
from reprise.linting.checked import Checked, check_folder, write_baseline

BENCHMARK = "import torch\ntorch.backends.cudnn.benchmark = True\n"
FILES = {"reprise.yaml": SPEC, "train.py": BENCHMARK, "notes.txt": "bad\nmean\n"}


def check(path: Path, baseline: Path | None = None, *, fix: bool = False) -> Checked:
    return check_folder(path, baseline=baseline, fix=fix, rules=RULES)


def places(checked: Checked) -> list[tuple[str, str, int]]:
    return [(each.rule.id, each.file, each.line) for each in checked.counting]


def test_a_repository_is_checked_from_its_folder_or_its_spec(tmp_path: Path) -> None:
    root = repository(tmp_path, FILES)
    expected = [("RX98", "notes.txt", 1), ("RX96", "notes.txt", 2), ("RX31", "train.py", 2)]

    assert places(check(root)) == places(check(root / "reprise.yaml")) == expected
    assert check(root).problems == ()


def test_fix_mends_what_is_certain_and_looks_again(tmp_path: Path) -> None:
    root = repository(tmp_path, FILES | {"train.py": b"\xef\xbb\xbf" + BENCHMARK.encode()})
    after = check(root, fix=True)

    assert [(each.rule.id, each.line) for each in after.fixed] == [("RX31", 2)]
    assert after.fixable == frozenset()
    assert (root / "train.py").read_bytes() == b"\xef\xbb\xbf" + BENCHMARK.replace("True", "False").encode()
    assert (root / "notes.txt").read_text() == "bad\nmean\n"


def test_what_the_baseline_knows_does_not_count_and_is_not_mended(tmp_path: Path) -> None:
    root, known = repository(tmp_path / "root", FILES), tmp_path / "known.json"

    assert write_baseline(root, known, rules=RULES) == 3
    assert check(root, known).clean
    assert check(root, known, fix=True).fixed == ()
    assert (root / "train.py").read_text() == BENCHMARK

    folder(root, {"more.txt": "\nbad\n"})
    assert places(check(root, known)) == [("RX98", "more.txt", 2)]


def test_information_alone_is_clean(tmp_path: Path) -> None:
    root = repository(tmp_path, {"reprise.yaml": SPEC, "notes.txt": "mean\n"})

    assert check(root).clean
    assert len(check(root).counting) == 1


def test_a_spec_that_is_a_link_is_none(tmp_path: Path) -> None:
    outside = folder(tmp_path / "outside", {"reprise.yaml": "password: hunter2"})
    root = folder(tmp_path / "root", {"train.py": ""})
    (root / "reprise.yaml").symlink_to(outside / "reprise.yaml")
    (root / ".reprise").symlink_to(outside)

    assert [problem.message for problem in check(root).problems] == [
        f"no reprise.yaml: `reprise init --adopt` writes one, {SPEC_PAGE} shows the smallest"
    ]


def test_nothing_but_information_is_found_in_the_example() -> None:
    found = check_folder(Path(__file__).parents[3] / "example-repo")

    assert found.clean
    assert found.problems == ()
