"""A repository of texts, checked with the rules that find words."""

from collections import Counter

from tests.unit.lint.build import Files, repo
from tests.unit.lint.examples import RULES

from reprise.domain.lint.baseline import Key, key, known
from reprise.domain.lint.fixing import edit_of
from reprise.domain.lint.grade import grade
from reprise.domain.lint.rules import lint
from reprise.domain.spec.model import Problem
from reprise.linting.checked import Checked


def checked(
    files: Files,
    *,
    problems: tuple[Problem, ...] = (),
    baseline: tuple[Key, ...] = (),
    spec: str | None = None,
) -> Checked:
    place = repo(files, spec)
    findings = lint(place, RULES)
    return Checked(
        problems=problems,
        findings=findings,
        known=known(place, findings, Counter(baseline)),
        keys={each: key(place, each) for each in findings},
        pins=grade(place),
        fixable=frozenset(each for each in findings if edit_of(place, each) is not None),
    )


MIXED = checked(
    {
        "src/train.py": "bad\n" + "\n" * 8 + "bad\ncudnn.benchmark = True\npoor\n",
        "README.md": "a mean word\nbad <!-- reprise: ignore RX98 - quoted -->\n",
        "odd, 100%:name.txt": "poor\n",
    },
    problems=(Problem("reprise.yaml", 2, 7, "unknown key 'comand' in run: did you mean 'command'?"),),
)
