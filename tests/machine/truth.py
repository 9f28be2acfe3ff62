"""What must be true at the end of a history, whatever happened on the way: which runs, and how they ended.

Told from what people did and what the controller could see of it, not from how it decides.
"""

from collections import defaultdict
from collections.abc import Sequence

from tests.engine.harness import jobs_of
from tests.machine.commits import CLAIM, KINDS, ROOT, Kind
from tests.machine.town import ADA, Said, Town

from reprise.domain.run import Judgement, Phase, Reason, Sha, Verdict
from reprise.store.runs import Run

TAG = "tag"


def check_runs(town: Town) -> None:
    runs = town.runs()
    tagged = [run for run in runs if run.pull_request is None]
    check_every_run_ended(town, runs)
    check_no_run_without_a_cause(town, runs)
    check_tags_have_verdicts(town, tagged)
    check_a_commit_runs_again_only_when_superseded(tagged)
    check_superseded_tags(town, tagged)
    check_comments(town, runs)


def judged(run: Run) -> Judgement:
    assert run.judgement is not None, f"no verdict: {run}"
    return run.judgement


def superseded(run: Run) -> bool:
    return judged(run).reason is Reason.SUPERSEDED


def gave_way(run: Run) -> bool:
    """To another run, or because its tag was deleted."""
    return superseded(run) or judged(run).reason is Reason.CANCELLED


# --- every run -----------------------------------------------------------------------------------------


def check_every_run_ended(town: Town, runs: Sequence[Run]) -> None:
    for run in runs:
        assert run.phase is Phase.DONE, run
        assert run.ended_at is not None, run
        assert (run.reporting_problem, run.tracking_problem) == (None, None), run
        assert run.granted_at is None or town.engine.over(run.id), run
        assert not town.engine.broken(run.id), run
        kind, judgement = KINDS[town.kinds[run.commit]], judged(run)
        if judgement.reason in (Reason.CANCELLED, Reason.SUPERSEDED):
            assert run.stop_requested is not None, run
            assert (judgement.verdict, run.stop_requested.reason) == (Verdict.NOT_RUN, judgement.reason), run
        else:
            assert run.stop_requested is None, f"somebody stopped it: {run}"
            assert (judgement.reason, judgement.verdict) == kind.ends, run
        check_jobs(town, run, kind)


def check_jobs(town: Town, run: Run, kind: Kind) -> None:
    """No job runs twice, but for what the infrastructure lost."""
    most = (run.seeds or 1) * (1 + kind.lost)
    started = len(jobs_of(town.outside, run.id))
    assert started <= most, f"{started} jobs of {run}"
    if judged(run).reason is Reason.COMPLETED:
        assert started == most, f"{started} jobs of {run}"
    if run.granted_at is None:
        assert started == 0, run


def check_no_run_without_a_cause(town: Town, runs: Sequence[Run]) -> None:
    said = {
        f"comment:{comment.id}" for comment in town.said if _may_count(town, comment) and comment.who == ADA
    }
    for run in runs:
        kind = KINDS[town.kinds[run.commit]]
        if run.pull_request is not None:
            assert run.generation in said, f"nobody asked: {run}"
            assert run.experiment in kind.experiments or kind is KINDS["bad"], run
            continue
        assert any(listing.get(run.ref) == run.commit for listing in town.seen.listings), f"no tag: {run}"
        assert run.experiment in kind.wanted_by(run.ref), run


# --- tags ----------------------------------------------------------------------------------------------


def check_tags_have_verdicts(town: Town, tagged: Sequence[Run]) -> None:
    """The desired state: every matching tag's commit has a verdict, and one that stands."""
    for tag, kind in town.tags.items():
        sha = town.commits[kind]
        if _older(town, tag, sha, tagged):
            continue
        for experiment in KINDS[kind].wanted_by(tag):
            found = [run for run in tagged if (run.commit, run.experiment) == (sha, experiment)]
            assert found, f"tag {tag} at the {kind} commit has no run of {experiment}"
            assert not gave_way(found[-1]), f"tag {tag} at the {kind} commit: gave way, {found[-1]}"


def _older(town: Town, tag: str, sha: Sha, tagged: Sequence[Run]) -> bool:
    """It stood there when the watch began, and we never saw it anywhere else."""
    everywhere = {listing[tag] for listing in town.seen.swept if tag in listing}
    everywhere |= {run.commit for run in tagged if run.ref == tag}
    return (tag, sha) in town.seen.older and everywhere == {sha}


def check_a_commit_runs_again_only_when_superseded(tagged: Sequence[Run]) -> None:
    again = defaultdict(list)
    for run in tagged:
        again[run.commit, run.experiment].append(run)
    for same in again.values():
        for run in same[:-1]:
            assert gave_way(run), f"ran again although it has a verdict: {run}"


def check_superseded_tags(town: Town, tagged: Sequence[Run]) -> None:
    for run in tagged:
        if judged(run).reason is Reason.CANCELLED:
            listings = town.seen.listings
            assert any(run.commit not in each.values() for each in listings), f"nobody cancelled it: {run}"
        if not superseded(run):
            continue
        newer = [each for each in tagged if each.number > run.number and each.experiment == run.experiment]
        assert any(_took_its_place(town, each, run) for each in newer), f"superseded by nothing: {run}"


def _took_its_place(town: Town, new: Run, old: Run) -> bool:
    listings = (*town.seen.listings, *town.seen.swept)
    if not any(listing.get(new.ref) == old.commit for listing in listings):
        return False
    return any(
        listing.get(new.ref) == new.commit and old.commit not in listing.values()
        for listing in town.seen.listings
    )


def check_moved_tags_stop(town: Town, before: int) -> None:
    """As soon as a moved tag's run is known, what runs at its old commit is to end.

    ``before``: the highest number of a run that was known before the tags were looked at.
    """
    runs = [run for run in town.runs() if run.pull_request is None]
    for new in (run for run in runs if run.number > before):
        listing = next(seen for seen in reversed(town.seen.listings) if seen.get(new.ref) == new.commit)
        for old in runs:
            same = (old.ref, old.experiment) == (new.ref, new.experiment) and old.number < new.number
            if same and old.commit not in listing.values() and old.judgement is None:
                assert old.stop_requested is not None, f"{new} does not stop {old}"


# --- comments ------------------------------------------------------------------------------------------


def check_comments(town: Town, runs: Sequence[Run]) -> None:
    outcomes = town.outcomes()
    for said in town.said:
        made = [run for run in runs if run.generation == f"comment:{said.id}"]
        heard = town.heard(said)
        if heard is None and said.id not in outcomes:
            continue
        if heard is False:
            assert said.id not in outcomes, said
        if heard is False or said.who != ADA or not _reproduces(said):
            assert made == [], f"{said} made {made}"
            continue
        check_command(town, said, made, outcomes[said.id] or "")
        for run in made:
            check_how_a_commands_run_ended(town, run, runs)


def _may_count(town: Town, said: Said) -> bool:
    return town.heard(said) is not False


def _reproduces(said: Said) -> bool:
    return said.text.split()[1:2] not in (["cancel"], ["status"])


def check_command(town: Town, said: Said, made: Sequence[Run], outcome: str) -> None:
    if outcome == "cancelled by ada":
        assert made == [], f"{said} was cancelled, and made {made}"
        assert _cancelled_later(town, said), f"nobody cancelled {said}"
        return
    if not made:
        kinds = {town.kinds[sha] for sha in town.seen.heads[said.pull]}
        assert kinds & {"none", "bad"}, f"{said} made nothing: {outcome}"
        assert outcome == "answered", f"{said}: {outcome}"
        return
    (sha,) = {run.commit for run in made}
    assert sha in town.seen.heads[said.pull], f"{said} ran another commit: {made}"
    wanted = set(KINDS[town.kinds[sha]].experiments) if "all" in said.text else {ROOT}
    assert {run.experiment for run in made} == wanted, f"{said} made {made}"
    assert len(made) == len(wanted), f"{said} made {made}"
    for run in made:
        assert run.claims == ((CLAIM,) if "claims=" in said.text else None), run
        assert run.seeds == (2 if "seeds=2" in said.text else None), run


def _cancelled_later(town: Town, said: Said) -> bool:
    return any(
        each.text == "/reproduce cancel"
        and _may_count(town, each)
        and each.who == ADA
        and each.pull == said.pull
        for each in town.said
    )


def check_how_a_commands_run_ended(town: Town, run: Run, runs: Sequence[Run]) -> None:
    if superseded(run):
        newer = [
            each
            for each in runs
            if each.number > run.number
            and (each.pull_request, each.experiment) == (run.pull_request, run.experiment)
            and (each.claims is None or run.claims is not None)
        ]
        assert newer, f"superseded by nothing: {run}"
    if judged(run).reason is Reason.CANCELLED:
        assert any(
            each.text == "/reproduce cancel" and each.pull == run.pull_request and _may_count(town, each)
            for each in town.said
        ), f"nobody cancelled {run}"


def check_newer_commands_stop(town: Town, before: int) -> None:
    """As soon as a newer command's run is known, the older one's is to end."""
    runs = [run for run in town.runs() if run.pull_request is not None]
    for new in (run for run in runs if run.number > before):
        for old in runs:
            same = (old.pull_request, old.experiment) == (new.pull_request, new.experiment)
            outranked = new.claims is None or old.claims is not None
            if same and outranked and old.number < new.number and old.judgement is None:
                assert old.stop_requested is not None, f"{new} does not stop {old}"


def check_cancel_stops(town: Town, before: Sequence[Run], settled: Sequence[Said]) -> None:
    """``before``: runs without verdict when the commands ``settled`` now were looked at."""
    now = {run.id: run for run in town.runs()}
    pulls = {said.pull for said in settled if said.text == "/reproduce cancel" and said.who == ADA}
    for run in before:
        if run.pull_request in pulls:
            assert now[run.id].stop_requested is not None, f"not cancelled: {now[run.id]}"
