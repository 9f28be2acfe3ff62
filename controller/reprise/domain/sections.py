"""The collapsed parts of a report: whatever is worth knowing, but not at first sight."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reprise.domain import comparison, environment, figures
from reprise.domain.artifacts import ArtifactCheck
from reprise.domain.backend import PROCESS
from reprise.domain.claims import worst_first
from reprise.domain.image import Image
from reprise.domain.image_words import origin, short
from reprise.domain.ledger import SHOWN as LEDGER_ROWS
from reprise.domain.ledger import Verification, why_not_counted
from reprise.domain.lint.noticed import Noticed, counted_findings
from reprise.domain.log_text import shortened
from reprise.domain.run import REASON_TEXT, ClaimJudgement, Judgement, Reason, TrialResult, Verdict
from reprise.domain.scatter import values_line
from reprise.domain.spec.model import Profile
from reprise.domain.spec.names import SPEC_FILE
from reprise.domain.text import ZERO_WIDTH_SPACE, clean_line, code, fenced, inline, paragraph
from reprise.domain.trend import Earlier, course, values_of
from reprise.domain.trials import counted, trial_names
from reprise.domain.view import Occasion, RunView
from reprise.domain.words import VERDICT_TEXT, duration, outcome, size
from reprise.masking import mask

SHOWN_CLAIMS = 10
_LOG_LINES = 60
_LOG_LINE = 300
_RAW_LINE = 4_000
"""Before colours and overwritten progress are taken out."""
_ROWS = 200
_SUBMODULES = 20
_FOUND = 50
_FOUND_TEXT = 600


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    body: str
    open: bool = False

    def __str__(self) -> str:
        state = " open" if self.open else ""
        return f"<details{state}><summary>{self.title}</summary>\n\n{self.body}\n\n</details>"


def sections(view: RunView) -> list[Section]:
    """In the order of their worth: the last ones are dropped first."""
    made: list[Callable[[RunView], Section | None]] = [
        log_section,
        _claims,
        _values,
        _trials,
        _comparison,
        _artifacts,
        _ledger,
        _trend,
        _environment,
        _provenance,
    ]
    if view.judgement is None or view.judgement.verdict is not Verdict.NOT_RUN:
        made = [*made[1:-1], log_section, _provenance]
    if view.judgement is not None and view.judgement.reason is Reason.ERRORS_FOUND:
        made = [_found, *made]
    else:
        made = [*made, _found]
    return [section for make in made if (section := make(view)) is not None]


def _found(view: RunView) -> Section | None:
    """Only of a run that ended: what stands in a comment would else grow under its reader."""
    linted = view.linted
    if linted is None or view.judgement is None or not (linted.noticed or linted.problem):
        return None
    if linted.problem is not None:
        return Section("Before the run", f"The repository could not be looked at: {inline(linted.problem)}")
    blocks = view.judgement.reason is Reason.ERRORS_FOUND
    lines = [_found_line(each) for each in linted.noticed[:_FOUND]]
    left = linted.errors + linted.warnings - len(lines)
    if left:
        lines.append(f"- and {left} more: {code(f'reprise check {view.path}')} lists them")
    return Section(f"Found in the repository ({counted_findings(linted)})", "\n".join(lines), open=blocks)


def _found_line(each: Noticed) -> str:
    place = code(f"{each.file}:{each.line}", 160)
    return f"- {each.severity.value} {each.rule} at {place}: {paragraph(each.text, _FOUND_TEXT)}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """A Markdown table whose columns line up in plain text too. ``right``: columns of numbers."""
    widths = [max(_width(row[index]) for row in (header, *rows)) for index in range(len(header))]
    rule = ["-" * (width - 1) + ":" if index in right else "-" * width for index, width in enumerate(widths)]
    lines = [_row(header, widths, right), "|" + "|".join(f" {dashes} " for dashes in rule) + "|"]
    return "\n".join([*lines, *(_row(row, widths, right) for row in rows)])


def claim_table(claims: Sequence[ClaimJudgement], view: RunView) -> str:
    header = ("claim", "published", "got", "difference", "allowed", "level", "verdict")
    return table(header, [_claim_row(claim, view) for claim in claims], right=(1, 2, 3))


def _claim_row(claim: ClaimJudgement, view: RunView) -> tuple[str, ...]:
    where, why = view.where.get(claim.id), view.why.get(claim.id)
    allowed = figures.bar(claim) + (f", {inline(why, 80)}" if why else "")
    name = inline(claim.id, 80) + (f", {inline(where, 48)}" if where else "")
    level = claim.level.value if claim.level is not None else "–"
    numbers = (
        inline(figures.published(claim), 60),
        inline(figures.got_of(claim), 60),
        figures.difference_of(claim),
    )
    return (name, *numbers, allowed, level, VERDICT_TEXT[claim.verdict])


def _claims(view: RunView) -> Section | None:
    claims = worst_first(view.judgement.claims) if view.judgement else ()
    rest = claims[SHOWN_CLAIMS:]
    if not rest:
        return None
    more = f"\n\n{len(rest) - _ROWS} further claims are on the run's page." if len(rest) > _ROWS else ""
    return Section(f"{len(rest)} more claims", claim_table(rest[:_ROWS], view) + more)


def _values(view: RunView) -> Section | None:
    """Every single value: a mean or the furthest one hides what the others were."""
    claims = worst_first(view.judgement.claims)[:SHOWN_CLAIMS] if view.judgement else ()
    trials = counted(view.trials)
    lines = [f"- {line}" for claim in claims if (line := values_line(claim, trials))]
    if not lines:
        return None
    found = (claim.estimate for claim in claims)
    one = next((each for each in found if each is not None and each.standard_error), None)
    told = f"\n\n± beside a difference is half of its {figures.confidence(one)} interval." if one else ""
    return Section("Values, in the order of the trials", "\n".join(lines) + told)


def _trials(view: RunView) -> Section | None:
    if not view.trials and not view.lost:
        return None
    header = ("trial", "seed", "exit", "time", "CPU time", "memory", "outcome")
    names = trial_names([trial.plan for trial in view.trials])
    rows = [_trial_row(name, trial) for name, trial in zip(names[:_ROWS], view.trials, strict=False)]
    parts = [table(header, rows, right=(1, 2, 3, 4, 5))] if rows else []
    lost = [
        f"- execution {each.index}, attempt {each.attempt} was lost: {inline(each.why)}" for each in view.lost
    ]
    parts += ["\n".join(lost[:_ROWS])] if lost else []
    return Section(f"Trials ({len(view.trials)})", "\n\n".join(parts))


def _trial_row(number: str, trial: TrialResult) -> tuple[str, ...]:
    code_text = "–" if trial.exit_code is None else str(trial.exit_code)
    used = (duration(trial.seconds), duration(trial.cpu_seconds), size(trial.peak_memory_bytes))
    tried = f" (attempt {trial.attempt})" if trial.attempt > 1 else ""
    return (number, str(trial.plan.seed), code_text, *used, REASON_TEXT[trial.reason] + tried)


def _artifacts(view: RunView) -> Section | None:
    if not view.artifacts:
        return None
    rows = [_artifact_row(check) for check in view.artifacts[:_ROWS]]
    return Section(
        f"Artifacts ({len(view.artifacts)})", table(("file", "outcome", "required", "sha256"), rows)
    )


def _artifact_row(check: ArtifactCheck) -> tuple[str, ...]:
    digest = code(check.found[:12]) if check.found else "–"
    return (code(check.path, 120), check.match.value, "yes" if check.required else "no", digest)


def _ledger(view: RunView) -> Section | None:
    """Only where there is more than this run to tell of."""
    if len(view.ledger) < 2:
        return None
    rows = [_ledger_row(each, view) for each in view.ledger[-LEDGER_ROWS:]]
    header = ("asked for", "verdict", "level", "counted", "started by", "run")
    return Section(f"Verifications of this commit ({len(view.ledger)})", table(header, rows))


def _ledger_row(each: Verification, view: RunView) -> tuple[str, ...]:
    level = each.judgement.level.value if each.judgement.level is not None else "–"
    name = "this run" if each.run_id == view.run_id else code(each.run_id, 60)
    why = why_not_counted(each)
    counted = f"no, {why}" if why else "yes"
    started = inline(each.occasion, 80)
    return (
        each.requested_at.strftime("%Y-%m-%d %H:%M"),
        outcome(each.judgement),
        level,
        counted,
        started,
        name,
    )


def _comparison(view: RunView) -> Section | None:
    if view.comparison is None:
        return None
    title = comparison.TITLE if view.variation is None else comparison.VARIED_TITLE
    return Section(title, comparison.body(view.comparison, rehearse_command(view)))


def rehearse_command(view: RunView) -> str:
    """What rehearses the same experiment, as a shell takes it."""
    other = "" if view.spec_file == SPEC_FILE else f" --experiment {view.experiment}"
    where = "" if view.backend == PROCESS else f" --backend {view.backend}"
    return f"reprise run {view.path}{other}{where}"


def _trend(view: RunView) -> Section | None:
    """Oldest first, this run last."""
    now = view.judgement
    if not view.earlier or now is None:
        return None
    judgements = [*(each.judgement for each in view.earlier), now]
    shown = [claim for claim in worst_first(now.claims)[:SHOWN_CLAIMS] if claim.got is not None]
    claims = [_course_row(claim, judgements) for claim in shown]
    runs = [_earlier_row(each) for each in view.earlier]
    parts = (
        [table(("claim", "course, this run last", "published", "now"), claims, right=(2, 3))]
        if claims
        else []
    )
    parts.append(table(("ended", "ref", "commit", "verdict", "run"), runs))
    return Section(f"Earlier runs ({len(runs)})", "\n\n".join(parts))


def _course_row(claim: ClaimJudgement, judgements: Sequence[Judgement]) -> tuple[str, ...]:
    blocks = course(values_of(claim.id, judgements))
    return (inline(claim.id, 80), blocks, inline(claim.published, 60), inline(figures.got(claim), 60))


def _earlier_row(run: Earlier) -> tuple[str, ...]:
    ended = run.ended_at.strftime("%Y-%m-%d %H:%M")
    return (ended, code(run.ref, 60), code(run.commit[:7]), outcome(run.judgement), code(run.run_id, 60))


def _environment(view: RunView) -> Section | None:
    if view.installed is None and not view.machine:
        return None
    lines = []
    if view.installed is not None:
        built = view.installed
        plural = "" if built.packages == 1 else "s"
        lines.append(f"- Python {inline(built.python, 40)}, {built.packages} package{plural}")
        lines.append(f"- lock {code(built.lock, 120)}, sha256 {code(built.lock_sha256[:12])}")
        lines.extend(_image(view.backend, built.image))
    lines.append(f"- {paragraph(view.machine)}" if view.machine else "- no machine was used")
    seen = environment.headlines(view.environment)
    if seen:
        lines.append("- " + ", ".join(f"{name} {inline(text, 80)}" for name, text in seen.items()))
    lines.extend(_strict(view))
    lines.append(f"- isolation: {inline(view.isolation, 200)}; network: {inline(view.network, 80)}")
    return Section("Environment", "\n".join(lines))


def _image(backend: str, image: Image | None) -> list[str]:
    if image is None:
        return []
    return [f"- backend {backend}, image {code(short(image.digest))}, {inline(origin(image), 200)}"]


def _strict(view: RunView) -> list[str]:
    """What came of the profile that an author asked for."""
    if view.environment.get("profile.name") != Profile.STRICT.value:
        return []
    nothing = view.environment.get("missing.profile.applied", "no framework that it knows was imported")
    return [f"- profile strict: {inline(view.environment.get('profile.applied', nothing), 400)}"]


def log_section(view: RunView) -> Section | None:
    tail = view.log_tail[-_LOG_LINES * _RAW_LINE :].rstrip().split("\n")[-_LOG_LINES:]
    shown = mask("\n".join(map(clean_line, tail))).split("\n")
    lines = [shortened(line, _LOG_LINE) for line in shown]  # after the mask: half a secret would show
    if not any(line.strip() for line in lines):
        return None
    failed = view.judgement is not None and view.judgement.verdict is Verdict.NOT_RUN
    return Section("End of the log", fenced("\n".join(lines)), open=failed)


def _provenance(view: RunView) -> Section:
    lines = [
        f"- repository {code(view.repository)}, commit {code(view.commit)}",
        f"- {_asked(view)}",
        *_submodules(view),
        f"- seeds: the author's for trial 0, then sha256(commit, experiment, coin, i); coin {_coin(view)}",
    ]
    if view.phases:
        times = ", ".join(f"{entry.phase.value} {duration(entry.seconds)}" for entry in view.phases)
        lines.append(f"- {times}")
    return Section("Provenance", "\n".join(lines))


def _submodules(view: RunView) -> list[str]:
    lines = [
        f"- submodule {code(each.path, 120)} at {code(each.commit[:7])} of {code(each.url, 200)}"
        for each in view.submodules[:_SUBMODULES]
    ]
    left = len(view.submodules) - len(lines)
    return [*lines, f"- and {left} more submodules"] if left else lines


def _asked(view: RunView) -> str:
    who = code(view.who, 80)
    match view.occasion:
        case Occasion.TAG:
            return f"tag {code(view.ref, 120)}, pushed by {who}"
        case Occasion.COMMIT:
            return f"tag {code(view.ref, 120)}, asked for again by {who}"
        case Occasion.PULL_REQUEST:
            asked = f"pull request {inline(view.ref.removeprefix('#'), 20)}, asked by {who}"
            asked = f"{inline(view.trigger, 200)}, by {who}" if view.trigger else asked
            return asked + ("; a stranger's code" if view.untrusted else "")
        case Occasion.REHEARSAL:
            return f"rehearsal by {who}, nothing was posted"


def _coin(view: RunView) -> str:
    if view.coin is None:
        return "not drawn"
    return code(view.coin, 60) + ("" if view.coin_public else " (not public)")


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    padded = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - _width(cell))
        padded.append(f" {space}{cell} " if index in right else f" {cell}{space} ")
    return "|" + "|".join(padded) + "|"


def _width(cell: str) -> int:
    return len(cell) - cell.count(ZERO_WIDTH_SPACE)
