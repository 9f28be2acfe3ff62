"""What must stand outside at the end: statuses, reports and answers, once each, and nothing that we hold."""

from collections.abc import Sequence

from tests.engine.harness import is_report
from tests.fakes.forge import OWN_LOGIN, Comment
from tests.machine.commits import CLAIM, KINDS
from tests.machine.town import ADA, BOB, Said, Town
from tests.machine.truth import judged

from reprise.domain.forge import OnCommit, OnPullRequest, Place, Reaction, State, Status
from reprise.domain.run import Sha
from reprise.domain.statuses import state_of
from reprise.domain.words import outcome
from reprise.store.runs import Run


def check_standing(town: Town) -> None:
    runs = town.runs()
    check_nothing_is_held(town, runs)
    for kind, sha in town.commits.items():
        at = [run for run in runs if run.commit == sha]
        for experiment in KINDS[kind].experiments:
            check_statuses(town, sha, [run for run in at if run.experiment == experiment])
        here = [run for run in at if run.pull_request is None]
        check_report(town, OnCommit(sha), here)
    for number in town.seen.heads:
        check_report(town, OnPullRequest(number), [run for run in runs if run.pull_request == number])
    for said in town.said:
        check_answer(town, said)
    check_tracker(town, runs)


def check_nothing_is_held(town: Town, runs: Sequence[Run]) -> None:
    outside = town.outside
    assert outside.provider.owned() == (), "a machine is still held"
    given_back = outside.provider.released
    assert len(given_back) == len(set(given_back)), f"given back twice: {given_back}"
    builds = town.folder / "state" / "builds"
    assert not builds.exists() or list(builds.iterdir()) == [], "a build folder was left"
    assert town.open_triggers() == []
    for run in runs:
        if judged(run).level is not None:
            assert run.id in given_back, f"no machine was ever given back for {run}"


# --- statuses ------------------------------------------------------------------------------------------


def check_statuses(town: Town, sha: Sha, runs: Sequence[Run]) -> None:
    """``runs`` of one experiment at this commit, oldest first: the newest has the last word."""
    posted = town.outside.forge.statuses_on(town.repository, sha)
    last: dict[str, Status] = {}
    for status in posted:
        assert last.get(status.context) != status, f"posted twice in a row: {status}"
        last[status.context] = status
    for status in last.values():
        assert status.state is not State.PENDING, f"nobody ends {status}"
    whole = [run for run in runs if run.claims is None]
    if whole:
        said = last[f"reprise/{whole[-1].experiment}"]
        assert said.state is state_of(judged(whole[-1])), f"{said} is not of {whole[-1]}"
        assert said.target_url == f"https://reprise.test/runs/{whole[-1].id}", f"{said} is not of {whole[-1]}"
    if runs and judged(runs[-1]).claims:
        said = last[f"reprise/{runs[-1].experiment}/{CLAIM}"]
        (claim,) = judged(runs[-1]).claims
        assert said.state is not State.SUCCESS or claim.verdict.value == "reproduced", f"{said} {runs[-1]}"


# --- texts ---------------------------------------------------------------------------------------------


def check_report(town: Town, place: Place, runs: Sequence[Run]) -> None:
    """One, which tells of each experiment's newest run that judges all claims, and of a newer one of some."""
    reports = [comment for comment in ours(town, place) if is_report(comment)]
    assert len(reports) == (1 if runs else 0), f"{len(reports)} reports at {place}, runs: {runs}"
    for experiment in {run.experiment for run in runs}:
        same = [run for run in runs if run.experiment == experiment]
        whole = [run for run in same if run.claims is None]
        (report,) = reports
        for shown in {run.id: run for run in (*whole[-1:], same[-1])}.values():
            assert f"run `{shown.id}`" in report.body, f"{place} does not tell of {shown}: {report.body}"
            headline = f"### {experiment}: {outcome(judged(shown))}"
            assert headline in report.body, f"{headline} is not in {report.body}"


def check_answer(town: Town, said: Said) -> None:
    """One answer to each command: a reaction or a reply."""
    reactions = town.outside.forge.reactions_to(town.repository, said.id)
    marker = f"<!-- reprise:reply:{said.id} -->"
    replies = [comment for comment in ours(town, OnPullRequest(said.pull)) if marker in comment.body]
    if said.id not in town.outcomes():
        assert (reactions, replies) == ([], []), said
        return
    if said.who == BOB:
        assert replies == [], said
        check_outsider(town, said, reactions)
        return
    cancelled = town.outcomes()[said.id] == f"cancelled by {ADA}"
    assert len(replies) <= 1, f"{said} was answered {replies}"
    assert replies or reactions or cancelled, f"{said} got no answer"


def check_outsider(town: Town, said: Said, reactions: Sequence[Reaction]) -> None:
    """Eyes and a plan where there is something to plan, one text for everything else."""
    texts = [comment.body for comment in ours(town, OnPullRequest(said.pull))]
    if reactions == [Reaction.EYES]:
        assert any("<!-- reprise:plans:" in text for text in texts), f"{said} got no plan"
    else:
        assert reactions == [], said
        assert any("<!-- reprise:reply:of-" in text for text in texts), f"{said} got no answer"


def ours(town: Town, place: Place) -> list[Comment]:
    found = town.outside.forge.comments_at(town.repository, place)
    return [comment for comment in found if comment.author == OWN_LOGIN]


def check_tracker(town: Town, runs: Sequence[Run]) -> None:
    """What was recorded has the verdict that was given."""
    tracker = town.outside.tracker
    for run in runs:
        if run.tracked is not None:
            assert tracker.tags.get(run.id, {}).get("reprise.reason") == judged(run).reason.value, run
    assert set(tracker.records) <= {run.id for run in runs}
