"""What ``reprise check --spec-only`` says before the push is what the report says after it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.source import FakeSource
from tests.unit.report.examples import broken_spec

from reprise.checking import check_specs, render
from reprise.domain.report import render_report
from reprise.domain.run import Repository
from reprise.domain.spec.model import BadSpec
from reprise.domain.text import for_terminal
from reprise.domain.verdict import spec_invalid
from reprise.engine.specs import read_specs

SPECS = {
    "unknown keys": "version: 1\nrun: {comand: x}\nclaim: []\n",
    "not YAML": "version: 1\nrun: [\n",
    "empty": "",
    "tabs": "version: 1\nrun:\n\tcommand: x\n",
    "claims": """\
version: 1
run: {command: python train.py}
claims:
  - {id: a, metric: {file: m.json, pointer: x}, published: {value: 0.9}, compare: {mode: tolerance}}
  - {id: a, metric: {file: ../m.json, pointer: /x}, published: {value: abc}}
""",
    "not there": """\
version: 1
run: {command: python train.py}
claims:
  - id: a
    metric: {file: m.json, pointer: /x}
    published: {value: "0.9", kind: mean, per_seed: seeds.json}
""",
    "hostile": "version: 1\n'<b>@ada *x* _y_ | [z](w)': 1\nrun: {command: x}\n",
}


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_check_and_report_say_the_same(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "paper"
    folder.mkdir()
    (folder / "reprise.yaml").write_text(text)
    checked = render(check_specs(folder)).split("\n")
    assert checked[0] != "nothing wrong found"
    reported = for_terminal(_report(text))
    for line in checked:
        assert line in reported


def _report(text: str) -> str:
    source = FakeSource()
    repository = Repository(1, "ada/paper", "https://forge.test/ada/paper.git")
    [file] = read_specs(source, repository, source.commit(repository, {"reprise.yaml": text}))
    assert isinstance(file.spec, BadSpec)
    problems = tuple(map(str, file.spec.problems))
    return render_report(
        replace(broken_spec(), judgement=spec_invalid(file.spec), problems=problems)
    ).markdown
