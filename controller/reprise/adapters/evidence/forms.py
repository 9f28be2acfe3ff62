"""Answers to reviewers' forms, as far as the run gives them. Badges and ticks are for people to give."""

from reprise.adapters.evidence.names import REPORT
from reprise.adapters.evidence.plain import source_uri, without_user
from reprise.adapters.evidence.spread import spread_of
from reprise.domain.run import Verdict
from reprise.domain.sections import table
from reprise.domain.spec.model import Network
from reprise.domain.text import code, inline, sentence
from reprise.domain.words import duration, outcome, size
from reprise.ports import EvidenceRecord

_RAN = (Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.INCONCLUSIVE, Verdict.NOT_JUDGED)
_NOT_A_BADGE = (
    "Filled in by a program from one run. It awards nothing: whether a badge is given is decided by the "
    "people of an artifact evaluation committee."
)


def acm(record: EvidenceRecord) -> str:
    """In the words of ACM's artifact review and badging, version 1.1."""
    parts = [
        "# ACM artifact review and badging 1.1: what this run is evidence towards",
        _NOT_A_BADGE + _rehearsed(record),
        f"**Evidence towards: {_towards(record)}.**",
        table(("criterion", "what the run shows"), [*_functional(record), *_validated(record)]),
        "Reproduced, in version 1.1, means by another team with the authors' artifacts; versions before "
        "2020 used the words reproduced and replicated the other way round. Replicated is beyond any run of "
        "the authors' own artifacts.",
    ]
    return "\n\n".join(parts) + "\n"


def neurips(record: EvidenceRecord) -> str:
    """Questions of the paper checklist that a run can answer."""
    answers = (
        ("Open access to data and code", _open_access(record)),
        ("Experimental setting and details", _settings(record)),
        ("Experiment statistical significance", _error_bars(record)),
        ("Experiments compute resources", _compute(record)),
    )
    parts = [
        "# NeurIPS paper checklist: answers from this run",
        "Filled in by a program from one run. The authors have to read, correct and complete it; whatever "
        "the run does not show is not answered." + _rehearsed(record),
        *(f"## {title}\n\n{answer}" for title, answer in answers),
    ]
    return "\n\n".join(parts) + "\n"


def _rehearsed(record: EvidenceRecord) -> str:
    if not record.rehearsal:
        return ""
    dirty = ", with changes that are in no commit" if record.dirty else ""
    return (
        f" The run was a rehearsal: somebody made it on a machine of theirs{dirty}, and it was not published."
    )


def _towards(record: EvidenceRecord) -> str:
    if record.judgement.verdict is Verdict.REPRODUCED:
        return "Functional (exercised end to end), Results Reproduced"
    if record.judgement.verdict in _RAN and any(
        trial.result and trial.result.valid for trial in record.trials
    ):
        return "Functional (exercised end to end)"
    return "none, because the artifact was not exercised to its end"


def _functional(record: EvidenceRecord) -> list[tuple[str, str]]:
    ended = sum(1 for trial in record.trials if trial.result is not None and trial.result.valid)
    built = record.built
    installed = (
        f"{len(built.packages)} packages from {code(built.lock, 80)} for Python {inline(built.python)}"
        if built is not None
        else "no environment was installed"
    )
    if built is not None and built.weak:
        installed += f"; pinned weakly: {inline(built.weak)}"
    return [
        ("Available", "not shown by a run: it needs a deposit in an archive with a DOI"),
        ("Functional: exercisable", f"{ended} of {len(record.trials)} executions came to their end"),
        ("Functional: complete", installed),
        ("Functional: documented", "not looked at: a person has to read the documentation"),
        ("Reusable", "not shown by a run"),
    ]


def _validated(record: EvidenceRecord) -> list[tuple[str, str]]:
    claims = record.judgement.claims
    met = sum(1 for claim in claims if claim.verdict is Verdict.REPRODUCED)
    told = f"{outcome(record.judgement)}; {met} of {len(claims)} claims met their declared bar"
    team = (
        "a rehearsal on somebody's own machine: a repetition, unless that person is no author"
        if record.rehearsal
        else "asked for by "
        + code(record.who, 80)
        + "; it is a repetition if the controller is the authors' own"
    )
    return [
        ("Results Reproduced", told),
        ("By a different team", team),
        ("Results Replicated", "out of scope"),
    ]


def _open_access(record: EvidenceRecord) -> str:
    url = without_user(record.repository_url)
    where = f"The code is at {code(url)}" if url else "The code was in a folder of somebody's machine"
    lines = [f"- {where}, commit {code(record.commit)} ({code(source_uri(record))})."]
    data = record.spec.data if record.spec is not None else ()
    came = {each.path: each.sha256 for each in record.fetched}
    lines += [
        f"- Data {code(each.path, 120)}, sha256 {code(came.get(each.path) or each.sha256 or 'unknown')}"
        f"{f', from {inline(each.source)}' if each.source else ''}"
        f"{f', licence {inline(each.licence)}' if each.licence else ', no licence declared'}."
        for each in data
    ]
    lines += ["- No data file is declared."] if not data else []
    if record.spec is not None:
        lines.append(f"- The exact command: {code(' '.join(record.spec.run.command))}.")
    lines.append("- Whether strangers may read the repository: see for yourself; the run does not decide it.")
    return "\n".join(lines)


def _settings(record: EvidenceRecord) -> str:
    spec = record.spec
    if spec is None:
        return "The declaration cannot be used, so the run does not show any."
    seeds = ", ".join(str(trial.plan.seed) for trial in record.trials if trial.plan.counts) or "none drawn"
    threads = spec.determinism.threads
    lines = [
        f"- Command {code(' '.join(spec.run.command))} in {code(spec.run.workdir)}; "
        "hyperparameters and data splits are whatever it sets.",
        f"- Seeds: {seeds} (the first is the authors', the others come from commit, experiment and a coin).",
        f"- Determinism profile {spec.determinism.profile.value}; threads "
        f"{threads if threads is not None else 'as many as there were cores'}.",
        f"- Network declared {spec.environment.network.value}"
        f"{' (it may use what it likes)' if spec.environment.network is Network.OPEN else ''}; "
        f"here: {inline(record.network)}.",
    ]
    return "\n".join(lines)


def _error_bars(record: EvidenceRecord) -> str:
    found = spread_of(record)
    if not found:
        return (
            "The run gives no error bars: fewer than two valid trials gave a number. "
            "See `report.md` for the bar that each claim was compared with."
        )
    rows = [
        (
            inline(each.claim, 80),
            str(each.n),
            f"{each.mean:.6g}",
            f"{each.deviation:.3g}",
            f"{each.error:.3g}",
        )
        for each in found
    ]
    shown = table(("claim", "n", "mean", "SD", "SE"), rows, right=(1, 2, 3, 4))
    return (
        f"{shown}\n\n"
        f"- Factor of variability: {_factor(record)}.\n"
        "- Method: SD is the sample standard deviation (n - 1) over valid trials, SE is SD/√n; probe and "
        f"controls are left out. Tests and intervals, with their assumptions, are in `{REPORT}`."
    )


def _factor(record: EvidenceRecord) -> str:
    if record.spec is not None and record.spec.run.seed is not None:
        return "the overall run with another random seed (whatever the command draws with it)"
    return "the overall run repeated; the declaration names no seed"


def _compute(record: EvidenceRecord) -> str:
    results = [trial.result for trial in record.trials if trial.result is not None]
    lines = [f"- Worker: {inline(record.machine) or 'none was used'}; isolation {inline(record.isolation)}."]
    if results:
        most = max(result.peak_memory_bytes for result in results)
        each = max(result.seconds for result in results)
        whole, processor = sum(r.seconds for r in results), sum(r.cpu_seconds for r in results)
        lines += [
            f"- Memory: at most {size(most)} in one execution.",
            f"- Time: {duration(each)} for the longest of {len(results)} executions, {duration(whole)} "
            f"together ({duration(processor)} of processor time).",
        ]
    lost = sum(1 for trial in record.trials if trial.result is None)
    if lost:
        lines.append(f"- {lost} more attempts were lost to the infrastructure.")
    lines.append("- Research that did not make it into the paper took more: only the authors know.")
    if not results:
        lines.append(sentence(record.judgement.message))
    return "\n".join(lines)
