"""The repositories of these tests are what the lint would get of a real one."""

from tests.unit.lint.build import SMALLEST, found, repo

from reprise.domain.lint.repo import Entry, Kind


def test_texts_become_a_repository_with_its_experiments() -> None:
    place = repo({"train.py": "import random\n", "data/a.csv": "1\n"}, SMALLEST)

    assert list(place.entries) == ["data/a.csv", "reprise.yaml", "train.py"]
    assert [module.path for module in place.python] == ["train.py"]
    assert [each.file for each in place.experiments] == ["reprise.yaml"]


def test_what_cannot_be_written_down_has_no_text() -> None:
    place = repo({}, others=(Entry("vendor", 0, Kind.SUBMODULE), Entry("data.bin", 2**30)))

    assert place.text("vendor") is None
    assert place.text("data.bin") is None
    assert found("RX99", place) == []
