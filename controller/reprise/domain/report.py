"""What people read: one run's report, and the comment that holds the reports of several.

First line the verdict, second what to do, then the numbers; everything else is collapsed. Called by the
engine when it reports, by the tracker and by the terminal (through `text.for_terminal`).
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from reprise.domain import variation
from reprise.domain.advice import next_step
from reprise.domain.claims import LEVEL_TEXT, worst_first
from reprise.domain.data.told import data_line
from reprise.domain.leasing.bill import bill_lines
from reprise.domain.ledger import ledger_line
from reprise.domain.run import Judgement, Phase, Reason, Verdict
from reprise.domain.scatter import remark
from reprise.domain.sections import (
    SHOWN_CLAIMS,
    Section,
    claim_table,
    log_section,
    rehearse_command,
    sections,
)
from reprise.domain.statuses import one_line
from reprise.domain.text import code, inline, link, paragraph, sentence
from reprise.domain.view import Occasion, RunView
from reprise.domain.words import PHASE_TEXT, duration, outcome

MAX_CHARACTERS = 60_000
"""Below what a forge accepts for one comment."""

_SHOWN_PROBLEMS = 20
_SHOWN_NOTES = 10
_LEFT_OUT = "\n\nLeft out because this text would be too long: {}."


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    """Plain text, one line."""
    summary: str
    """Markdown: what to do."""
    markdown: str
    """The whole report, title and summary included."""


def render_report(view: RunView, *, limit: int = MAX_CHARACTERS) -> Report:
    """The report of a run, ended or still alive, in at most ``limit`` characters."""
    head = "\n\n".join(part for part in (heading(_title(view)), _summary(view), *_middle(view)) if part)
    body = _within(head, sections(view), _footer(view), limit=limit)
    return Report(one_line(_title(view)), _summary(view), body)


def headline(experiment: str, judgement: Judgement) -> str:
    """The title of an ended run's report, plain text."""
    level = f" at level {judgement.level.value}" if judgement.level is not None else ""
    return f"{experiment}: {outcome(judgement)}{level}{_count(judgement)}"


def heading(title: str) -> str:
    """The first line of a report."""
    return f"### {inline(title)}"


def conversation_marker(name: str) -> str:
    """What finds our comment again, invisible to readers; ``name`` is of our own making."""
    return f"<!-- reprise:{name} -->"


def render_conversation(marker: str, views: Sequence[RunView]) -> str:
    """One comment with the reports of these runs, in the order of their experiments' names."""
    separator = "\n\n---\n\n"
    room = (MAX_CHARACTERS - len(marker) - 1) // max(len(views), 1) - len(separator)
    ordered = sorted(views, key=lambda view: view.experiment)
    reports = [render_report(view, limit=room).markdown for view in ordered]
    return f"{marker}\n{separator.join(reports)}"


def _title(view: RunView) -> str:
    judgement = view.judgement
    varied = f" with {view.variation}" if view.variation is not None else ""
    if judgement is None:
        return f"{view.experiment}{varied}: {PHASE_TEXT[view.phase]}"
    return headline(view.experiment + varied, judgement)


def _count(judgement: Judgement) -> str:
    """Where the summary does not say it."""
    total = len(judgement.claims)
    return f", {total} of {total} claims" if judgement.verdict is Verdict.REPRODUCED and total > 1 else ""


def _summary(view: RunView) -> str:
    judgement = view.judgement
    if judgement is None:
        so_far = f"{duration(view.seconds)} so far" if view.phase is not Phase.QUEUED else ""
        state = ", ".join(part for part in (view.detail, so_far) if part)
        return f"{sentence(state)} The answer will stand here.".strip()
    return " ".join(part for part in (_why(judgement), _next_step(view, judgement)) if part)


def _next_step(view: RunView, judgement: Judgement) -> str:
    if view.variation is not None and judgement.verdict is not Verdict.NOT_RUN:
        return ""
    return next_step(
        judgement,
        run=_rehearse(view),
        check=code(f"reprise check --spec-only {view.path}"),
        lint=code(f"reprise check {view.path}"),
        again=_again(view),
        details=_details(view),
        output=log_section(view) is not None,
    )


def _again(view: RunView) -> str:
    match view.occasion:
        case Occasion.TAG | Occasion.COMMIT:
            return "comment `/reproduce` on this commit"
        case Occasion.PULL_REQUEST:
            return f"comment {_command(view)} on this pull request"
        case Occasion.REHEARSAL:
            return f"run {_rehearse(view)} again"


def _details(view: RunView) -> str:
    """Who knows more: a person at a terminal is the operator."""
    if view.occasion is Occasion.REHEARSAL:
        return "the folder after `logs and files` has what was logged"
    return "the operator's log has the details"


def _command(view: RunView) -> str:
    """A stranger's code is asked for by its commit."""
    return f"`/reproduce {view.commit[:7]}`" if view.untrusted else "`/reproduce`"


def _rehearse(view: RunView) -> str:
    """What repeats this very run, the variation included."""
    vary = f" --vary {shlex.quote(str(view.variation))}" if view.variation is not None else ""
    return code(rehearse_command(view) + vary)


def _why(judgement: Judgement) -> str:
    """The message, where the table does not already say it."""
    if judgement.verdict is Verdict.REPRODUCED and judgement.level is not None:
        return ""
    message = judgement.message
    # Other messages may begin with a path, which has no capitals to give.
    return sentence(
        message[:1].upper() + message[1:] if judgement.verdict is Verdict.NOT_JUDGED else message, 600
    )


def _middle(view: RunView) -> list[str]:
    judgement = view.judgement
    cost = bill_lines(view.bill) if view.bill is not None else []
    parts = [_facts(view)]
    if judgement is None:
        return [*parts, *([_bullets(cost, len(cost))] if cost else [])]
    if len(view.problems) > 1 and judgement.reason is Reason.SPEC_INVALID:
        parts.append(_bullets(view.problems, _SHOWN_PROBLEMS))
    shown = worst_first(judgement.claims)[:SHOWN_CLAIMS]
    if any(claim.got is not None for claim in judgement.claims):
        parts.append(claim_table(shown, view))
    said = [
        f"{claim.id}: {claim.message}" for claim in shown if _unsaid(claim.message, claim.verdict, judgement)
    ]
    told = [text for claim in shown if (text := remark(claim))]
    notes = [*said, *told, *cost, *_notes(view, judgement)]
    return [*parts, _bullets(notes, 2 * SHOWN_CLAIMS + _SHOWN_NOTES)]


def _unsaid(message: str, verdict: Verdict, judgement: Judgement) -> bool:
    return verdict in (Verdict.INCONCLUSIVE, Verdict.NOT_RUN) and message not in judgement.message


def _notes(view: RunView, judgement: Judgement) -> list[str]:
    notes = list(judgement.notes)
    if judgement.level is not None and judgement.claims:
        notes.insert(0, f"Level {judgement.level.value}: {LEVEL_TEXT[judgement.level]}.")
    if view.variation is not None:
        notes.insert(0, variation.sentence(view.variation))
    if view.installed is not None and view.installed.weak:
        notes.append(f"The environment is pinned weakly: {view.installed.weak}.")
    if line := data_line(view.fetched):
        notes.append(f"Data: {line}.")
    if len(view.ledger) > 1 and (line := ledger_line(view.ledger)):
        notes.append(f"{line}.")
    if view.dirty:
        notes.append("The working tree had changes that are not committed.")
    if view.tracking_problem:
        notes.append(f"The results could not be tracked: {view.tracking_problem}")
    if view.evidence_problem:
        notes.append(f"There is no evidence to keep: {view.evidence_problem}")
    return notes


def _facts(view: RunView) -> str:
    """One line: which commit, how long, where to look further."""
    facts = [f"commit {code(view.commit[:7])}" + (" (the branch has moved on)" if view.outdated else "")]
    if view.occasion in (Occasion.TAG, Occasion.COMMIT):
        facts.append(f"tag {code(view.ref, 80)}")
    if view.judgement is not None:
        facts.append(duration(view.seconds))
    named = [("run", view.links.run), ("results", view.links.tracking)]
    if view.occasion is not Occasion.REHEARSAL:  # there it is a file, told beside the logs
        named.append(("evidence", view.links.evidence))
    return " · ".join([*facts, *(link(name, url) for name, url in named if url)])


def _footer(view: RunView) -> str:
    said = f"run {code(view.run_id, 60)}"
    match view.occasion:
        case Occasion.TAG | Occasion.COMMIT:
            return f"{said} · comment `/reproduce` on this commit to run it again, or push a tag on a new one"
        case Occasion.PULL_REQUEST:
            return f"{said} · comment {_command(view)} to run again, `/reproduce help` for more"
        case Occasion.REHEARSAL:
            return f"{said} · rehearsal, nothing was posted · {_rehearse(view)} to run again"


def _within(head: str, made: list[Section], footer: str, *, limit: int) -> str:
    """Head and footer stay; whole sections go from the end until the rest fits."""
    for kept in range(len(made), -1, -1):
        left_out = ", ".join(section.title.lower() for section in made[kept:])
        parts = [head, *map(str, made[:kept])]
        text = "\n\n".join(parts) + (_LEFT_OUT.format(left_out) if left_out else "") + f"\n\n{footer}"
        if len(text) <= limit:
            return text
    room = limit - len(footer) - len(_LEFT_OUT.format("numbers")) - 2
    return head[: max(room, 0)].rpartition("\n")[0] + _LEFT_OUT.format("numbers") + f"\n\n{footer}"


def _bullets(sentences: Sequence[str], limit: int) -> str:
    lines = [f"- {paragraph(each)}" for each in sentences[:limit]]
    if len(sentences) > limit:
        lines.append(f"- and {len(sentences) - limit} more")
    return "\n".join(lines)
