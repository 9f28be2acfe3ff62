"""What people call their tags reaches the report as text, whatever it would mean elsewhere."""

from tests.engine.harness import FILES, Controller, Outside, assert_clean

from reprise.domain.forge import OnCommit
from reprise.domain.run import Verdict
from reprise.forge.page.markdown import render

TAGS = (
    "v1;$(touch${IFS}canary)",
    "`id`|&&reboot",
    "<script>alert(1)</script>",
    "@everybody/#1",
    "](//evil.example)",
    "-->v1<!--reprise",
    "v1\u2028x\u202etxt",
    "';DROP_TABLE_runs;--",
    "a" * 240,
)


def test_a_tag_of_any_name_runs_and_is_shown_as_text(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    shas = {tag: outside.tag(repository, tag, {**FILES, "x": str(n)}) for n, tag in enumerate(TAGS)}
    for tag in TAGS:
        controller.told_tag(repository, tag)
    controller.work()
    assert_clean(controller)
    verdicts = [run.judgement.verdict for run in controller.runs() if run.judgement]
    assert verdicts == [Verdict.REPRODUCED] * len(TAGS)
    for sha in shas.values():
        (comment,) = outside.comments(repository, OnCommit(sha))
        page = render(comment.body)
        assert "<script" not in page
        assert 'evil.example"' not in page
        assert "<!--" not in page
        assert "@everybody" not in comment.body
        assert "\u202e" not in comment.body + page
        assert comment.body.count("<!-- reprise") == 1
