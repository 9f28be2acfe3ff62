"""``reprise run``: the same pipeline and report as for a tag, on this machine and without a forge."""

import json
import logging
import os
import shlex
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from reprise import log
from reprise.bootstrap import Rehearsal, possible, rehearsal
from reprise.domain import environment, variation
from reprise.domain.addresses import SPEC_PAGE
from reprise.domain.backend import NOTHING, Unfit, choose_backend, needs_of
from reprise.domain.badge import Badge, hardware_words, render_badge
from reprise.domain.errors import Refused, UserError
from reprise.domain.policy import UNRESTRICTED
from reprise.domain.report import render_report
from reprise.domain.result import exit_code, result_object
from reprise.domain.run import Repository, RunId, Sha
from reprise.domain.spec.files import SpecFile
from reprise.domain.spec.model import Spec
from reprise.domain.spec.names import SPEC_FILE
from reprise.domain.view import RunView
from reprise.domain.words import PHASE_TEXT
from reprise.engine import auditing
from reprise.engine.settled import run_id
from reprise.engine.specs import read_specs
from reprise.engine.view import links, run_view
from reprise.engine.world import World
from reprise.settings import BUILT, Settings
from reprise.spec_files import refuse_inside
from reprise.store import rehearsed, repositories, runs
from reprise.store.runs import NewRun, Run
from reprise.terminal import LogFollower, interruptible, print_report


def rehearse(
    settings: Settings,
    path: Path,
    *,
    experiment: str | None,
    badge: Path | None,
    as_json: bool,
    vary: str | None = None,
    backend: str | None = None,
) -> int:
    """Exit code of the verdict. Raises UserError when there is nothing to run, and then leaves nothing.

    ``badge`` is a file for the verdict's badge, ``vary`` one thing to change (see `domain.variation`),
    ``backend`` where to run; None = the first of the settings that can.
    """
    if backend is not None and backend not in BUILT:
        raise UserError(f"there is no backend {backend!r}: --backend takes {' or '.join(BUILT)}")
    if badge is not None and vary is not None:
        raise UserError("a varied rehearsal says nothing about the publication, so it gets no --badge")
    refuse_inside(path)
    if badge is not None:
        _require_writable(badge)
    log.configure(settings.secrets(), level=logging.WARNING)
    state = None
    wanted = variation.parse(vary) if vary is not None else None
    if wanted is not None:
        wanted = possible(wanted)
    try:
        named = uuid.uuid4().hex[:12]
        with interruptible(), rehearsal(settings, named, wanted, backend=backend) as place:
            state = place.world.folders.state
            ended = _follow(place, _add_run(place, path, experiment), quiet=as_json)
            shown = replace(run_view(place.world, ended), path=shlex.quote(str(path)))
            _remember(place.world, ended, shown)
            code = _show(shown, as_json=as_json)
            if badge is not None:
                _write_badge(shown, badge)
            return code
    except (UserError, Refused):
        if state is not None:
            shutil.rmtree(state, ignore_errors=True)
        raise


def _require_writable(badge: Path) -> None:
    """Said now: after the run it would cost the verdict. Leaves nothing. Raises UserError."""
    folder = badge.absolute().parent
    if not folder.is_dir():
        raise UserError(f"--badge {badge}: there is no folder {badge.parent}: make it first")
    if badge.is_dir():
        raise UserError(f"--badge {badge}: that is a folder: name a file, such as {badge / 'reproduced.svg'}")
    try:
        if not badge.exists():
            tempfile.TemporaryFile(dir=folder).close()  # even root cannot write everywhere
            return
    except OSError as error:
        raise UserError(f"--badge {badge}: {folder} cannot be written ({error.strerror})") from error
    if not os.access(badge, os.W_OK):
        raise UserError(f"--badge {badge}: that file may not be written: correct its permissions")


def _add_run(place: Rehearsal, path: Path, experiment: str | None) -> RunId:
    repository, sha, dirty = place.source.snapshot(path)
    file = choose(read_specs(place.world.source, repository, sha), experiment, path)
    if place.world.variation is not None and isinstance(file.spec, Spec):
        variation.settled(place.world.variation, file.spec)  # says now what would refuse it later
    new = replace(
        _new_run(repository, sha, file, dirty=dirty), backend=_backend(place.world, repository, sha, file)
    )
    with place.world.store.write() as connection:
        repositories.remember(connection, repository)
        now = place.world.clock.now()
        runs.add_run(connection, new, at=now)
        runs.save(connection, new.id, coin=_shared_coin(place.world, new))
        auditing.requested(connection, new, repository.full_name, now)
    return new.id


def _backend(world: World, repository: Repository, sha: Sha, file: SpecFile) -> str:
    """Raises UserError when no backend here can run it, Refused when it does not work now.

    What cannot be read is only reported.
    """
    names = world.source.list_folder(repository, sha, "")
    needs = needs_of(file.spec, names=names) if isinstance(file.spec, Spec) else NOTHING
    where = choose_backend(world.offers, needs, UNRESTRICTED)
    if isinstance(where, Unfit):
        raise UserError(where.why)
    if (lack := world.backend(where).lack()) is not None:
        raise Refused(lack)  # nobody at a terminal waits minutes for what may come back
    return where


def _shared_coin(world: World, new: NewRun) -> str | None:
    """A varied rehearsal's further seeds are those of the rehearsal that it is compared with.

    Unvaried ones draw with their own id: see `Run.seed_coin`.
    """
    if world.variation is None:
        return None
    before = rehearsed.alike(world.rehearsals, new.repository_id, new.experiment, new.backend)
    return next((left.run_id for _, left in before), None)


def choose(files: Sequence[SpecFile], experiment: str | None, path: Path) -> SpecFile:
    """The experiment that is meant: by its name, else that of the root. Raises UserError."""
    if experiment is None:
        chosen = next((file for file in files if file.is_root), None)
    else:
        chosen = next((file for file in files if file.spec.name == experiment), None)
    if chosen is not None:
        return chosen
    names = ", ".join(file.spec.name for file in files)
    if experiment is not None:
        raise UserError(f"there is no experiment {experiment!r} here; there is: {names or 'none'}")
    if files:
        raise UserError(f"there is no reprise.yaml here; choose one with --experiment: {names}")
    raise UserError(
        f"there is no reprise.yaml in the repository of {path}: "
        f"`reprise init --adopt` writes one, {SPEC_PAGE} shows the smallest"
    )


def _new_run(repository: Repository, sha: Sha, file: SpecFile, *, dirty: bool) -> NewRun:
    generation = f"rehearsal:{uuid.uuid4()}"
    return NewRun(
        id=run_id(repository.id, sha, file.spec.name, generation),
        repository_id=repository.id,
        commit=sha,
        experiment=file.spec.name,
        generation=generation,
        spec_file=file.path,
        ref="rehearsal",
        pull_request=None,
        trigger="reprise run",
        who="you",
        dirty=dirty,
    )


def _follow(place: Rehearsal, wanted: RunId, *, quiet: bool) -> Run:
    """Start the run, show its phases and log on stderr while it lives, return it when it ended."""
    console = Console(stderr=True, quiet=quiet, highlight=False)
    began = time.monotonic()
    place.start(wanted)
    shown = LogFollower(console, place.world.folders, wanted)
    phase, awaited = None, None
    while True:
        run = place.observe(wanted)
        shown.step()
        if (why := place.world.awaited.get(wanted)) not in (None, awaited):
            awaited = why
            line = f"{time.monotonic() - began:6.1f} s  {why}"
            console.print(Text(line, "dim"), soft_wrap=True)
        if run.phase is not phase:
            phase = run.phase
            console.print(f"[dim]{time.monotonic() - began:6.1f} s[/dim]  {PHASE_TEXT[phase]}")
        if run.ended_at is not None:
            shown.finish()
            told = [f"logs and files: {place.world.folders.results(wanted)}"]
            evidence = links(place.world, run).evidence
            told += [f"evidence: {evidence}"] if evidence is not None else []
            console.print(Text("\n".join(told), "dim"), soft_wrap=True)
            return run
        time.sleep(0.1)


def _remember(world: World, run: Run, view: RunView) -> None:
    """For later rehearsals of the same experiment."""
    if view.judgement is None or not view.trials:
        return
    first = view.trials[0]
    record = world.folders.trial(run.id, first.plan.index, first.attempt) / environment.NAME
    left = rehearsed.Rehearsed(
        repository_id=run.repository.id,
        experiment=run.experiment,
        run_id=run.id,
        commit=run.commit,
        ended_at=world.clock.now(),
        verdict=view.judgement.verdict,
        values=first.values,
        varied=str(view.variation) if view.variation is not None else None,
        record=str(record.relative_to(world.folders.state)) if record.is_file() else "",
        backend=run.backend,
    )
    rehearsed.remember(world.folders.state, left)


def _write_badge(view: RunView, file: Path) -> None:
    if view.judgement is None:
        raise RuntimeError(f"run {view.run_id} ended without a judgement")
    badge = Badge(
        experiment=None if view.spec_file == SPEC_FILE else view.experiment,
        judgement=view.judgement,
        commit=view.commit,
        day=view.created_at.date(),
        hardware=hardware_words(view.environment, view.machine),
        rehearsal=True,
        dirty=view.dirty,
    )
    try:
        file.write_text(render_badge(badge), encoding="utf-8")
    except OSError as error:  # it could be before the run; the verdict's exit code is worth more
        sys.stderr.write(f"reprise: --badge {file}: cannot be written ({error.strerror})\n")


def _show(view: RunView, *, as_json: bool) -> int:
    if view.judgement is None:
        raise RuntimeError(f"run {view.run_id} ended without a judgement")
    if as_json:
        sys.stdout.write(
            json.dumps({**result_object(view), **_varied(view)}, indent=2, allow_nan=False) + "\n"
        )
    else:
        print_report(Console(), render_report(view).markdown)
    return exit_code(view.judgement)


def _varied(view: RunView) -> dict[str, Any]:
    """Only in a varied rehearsal: what was changed, and how the values moved."""
    if view.variation is None:
        return {}
    changed = view.variation
    moved = view.comparison.beside if view.comparison is not None else ()
    return {
        "varied": {
            "factor": changed.factor.value,
            "value": changed.value,
            "instead_of": changed.instead_of,
            "compared_with": view.comparison.reference if view.comparison is not None else None,
            "values": [{"id": each.claim, "before": each.before, "now": each.now} for each in moved],
        }
    }
