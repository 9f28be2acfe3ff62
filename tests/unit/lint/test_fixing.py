"""Only what is certain is mended, and everything else of the file stays as it was."""

import pytest
from tests.unit.lint.build import repo
from tests.unit.lint.examples import KERNELS, RULES

from reprise.domain.lint.fixing import FIXES, edit_of, mended
from reprise.domain.lint.rules import RULES as ALL
from reprise.domain.lint.rules import lint


@pytest.mark.parametrize(
    ("line", "fixed"),
    [
        ("torch.backends.cudnn.benchmark = True", "torch.backends.cudnn.benchmark = False"),
        ("    cudnn.benchmark=True  # faster", "    cudnn.benchmark=False  # faster"),
        ("c = Trainer(gpus=1, benchmark=True)  # cudnn", "c = Trainer(gpus=1, benchmark=False)  # cudnn"),
        ("c = f(my_benchmark=True)  # cudnn", None),
        ("cudnn.benchmark = TUNE", None),
        ("cudnn.benchmark = True if fast else False", None),
        ("cudnn.benchmark = False", None),
    ],
)
def test_kernels_are_not_chosen_by_the_clock(line: str, fixed: str | None) -> None:
    place = repo({"train.py": f"import torch\r\n{line}\r\nlast"})
    (finding,) = lint(place, [KERNELS])

    edit = edit_of(place, finding)
    assert (edit.text if edit else None) == (f"import torch\r\n{fixed}\r\nlast" if fixed else None)


def test_several_findings_of_a_file_are_mended_together() -> None:
    place = repo({"a.py": "cudnn.benchmark = True\nbad\ncudnn.benchmark = True\n"})

    texts, done = mended(place, lint(place, RULES))

    assert texts == {"a.py": "cudnn.benchmark = False\nbad\ncudnn.benchmark = False\n"}
    assert [finding.line for finding in done] == [1, 3]


def test_what_is_ignored_with_a_reason_stays() -> None:
    place = repo({"a.py": "cudnn.benchmark = True  # reprise: ignore RX31 - timing is the subject\n"})

    assert mended(place, lint(place, RULES)) == ({}, ())


def test_every_fix_belongs_to_a_rule() -> None:
    assert set(FIXES) <= {rule.id for rule in ALL}
