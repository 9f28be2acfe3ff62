"""``reprise leases``: what is leased for which run, why, and giving it back by hand.

It looks at every site itself, so that it also shows what no controller remembers. What another controller of
the same project holds is shown too, and only given back when it is named.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.leasing.money import Charge, total
from reprise.domain.run import Phase, RunId
from reprise.domain.words import PHASE_TEXT
from reprise.leased import open_leased
from reprise.settings import Settings
from reprise.store import runs
from reprise.store.database import Database

if TYPE_CHECKING:
    from reprise.adapters.chameleon.holding import Holding
    from reprise.adapters.chameleon.kept import Kept
    from reprise.adapters.chameleon.leasing import Leasing

Opening = Callable[[Settings, Path], "Leasing"]

REHEARSALS = "rehearsals"
TRIES = 20


@dataclass(frozen=True, slots=True)
class Held:
    """Of one run, at one site."""

    what: "Holding"
    phase: Phase | None
    """None = no controller of this state folder knows the run."""
    kept: "Kept | None"
    charges: tuple[Charge, ...]
    state: Path
    """The folder of the controller that remembers it, else of this one."""

    @property
    def busy(self) -> bool:
        return self.phase is not None and self.phase is not Phase.DONE


@dataclass(slots=True)
class Found:
    held: list[Held] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)
    """Sites that could not be looked at, and why."""


def look(settings: Settings, *, only: Sequence[str] = (), opening: Opening = open_leased) -> Found:
    """``opening``: how sites are reached.

    Raises UserError when the libraries or a credential are missing, or a named run holds nothing.
    """
    found = Found()
    states = _states(settings)
    with closing(opening(settings, settings.state_dir)) as opened:
        from reprise.adapters.chameleon.holding import holdings
        from reprise.adapters.chameleon.kept import Memory

        for cloud in opened.clouds:
            try:
                here = holdings(cloud)
            except (Retryable, Refused) as error:
                found.silent[cloud.site] = str(error)
                continue
            for each in here:
                state = next((s for s in states if Memory(s).folder(each.run_id).is_dir()), states[0])
                memory = Memory(state)
                found.held.append(
                    Held(
                        each,
                        _phase(settings, state, each.run_id),
                        memory.load(each.run_id),
                        memory.charges(each.run_id),
                        state,
                    )
                )
    if only:
        found.held = [each for each in found.held if each.what.run_id in only]
        lacking = sorted(set(only) - {each.what.run_id for each in found.held})
        if lacking and not found.silent:
            raise UserError(f"nothing is held for {', '.join(lacking)}: `reprise leases` lists what is")
    return found


def release(
    settings: Settings,
    names: Sequence[str],
    *,
    dry_run: bool,
    say: Callable[[str], None],
    opening: Opening = open_leased,
) -> bool:
    """Whether all of it is gone, or would be. Raises UserError when a controller works on one of them."""
    if not names:
        raise UserError("name the runs whose machines are to be given back: `reprise leases` lists them")
    found = look(settings, only=names, opening=opening)
    busy = [each.what.run_id for each in found.held if each.busy]
    if busy:
        raise UserError(
            f"{', '.join(dict.fromkeys(busy))} is being worked on: cancel the run, and its controller gives "
            "its machine back"
        )
    for site, why in found.silent.items():
        say(f"{site} could not be looked at: {why}")
    well = not found.silent
    for state in dict.fromkeys(each.state for each in found.held):
        theirs = [each for each in found.held if each.state == state]
        for each in theirs:
            say(f"{'would give back' if dry_run else 'giving back'} {_things(each)} of {each.what.run_id}")
        if not dry_run:
            ids = dict.fromkeys(each.what.run_id for each in theirs)
            well = _release(opening(settings, state), tuple(ids), say) and well
    return well


def render(found: Found, *, explain: bool) -> str:
    lines = [f"{site} could not be looked at: {why}" for site, why in found.silent.items()]
    if not found.held:
        return "\n".join(lines or ["Nothing is leased."])
    for each in found.held:
        lines += _explained(each) if explain else [_line(each)]
    return "\n".join(lines)


def as_object(found: Found) -> dict[str, Any]:
    """Plain data, as docs/leases.md lists it."""
    return {"held": [_object(each) for each in found.held], "silent": found.silent}


# --- inside -------------------------------------------------------------------------------------------


def _release(leasing: "Leasing", ids: tuple[RunId, ...], say: Callable[[str], None]) -> bool:
    well = True
    with closing(leasing) as opened:
        for run_id in ids:
            problem = _released(opened.provider.release, run_id)
            say(f"{run_id}: all is gone" if problem is None else f"{run_id}: {problem}")
            well = well and problem is None
    return well


def _released(give_back: Callable[[RunId], None], run_id: RunId) -> str | None:
    """Why something is left; each try watches servers go for a while itself."""
    problem = ""
    for _ in range(TRIES):
        try:
            give_back(run_id)
        except Retryable as error:
            problem = str(error)
        except Refused as error:
            return str(error)
        else:
            return None
    return problem


def _states(settings: Settings) -> tuple[Path, ...]:
    """State folders that may remember runs: the controller's, and those of rehearsals."""
    rehearsals = settings.state_dir / REHEARSALS
    return (settings.state_dir, *(sorted(rehearsals.iterdir()) if rehearsals.is_dir() else ()))


def _phase(settings: Settings, state: Path, run_id: RunId) -> Phase | None:
    file = state / "reprise.db"
    url = settings.database if state == settings.state_dir else f"sqlite:///{file}"
    if url.startswith("sqlite") and not file.exists():
        return None
    with closing(Database(url)) as store, store.read() as connection:
        run = runs.get_run(connection, run_id)
    return None if run is None else run.phase


def _line(each: Held) -> str:
    lease = each.what.leases[0] if each.what.leases else None
    times = f"{_clock(lease.start)} to {_clock(lease.end)}" if lease is not None else "no lease"
    state = lease.state.value.lower() if lease is not None else "left over"
    spent = f"{total(each.charges, datetime.now(UTC)):.1f} SU"
    return f"{each.what.run_id}  {each.what.site}  {state}  {times}  {spent}  {_owner(each)}"


def _explained(each: Held) -> list[str]:
    lines = [f"{each.what.run_id} at {each.what.site}: {_owner(each)}"]
    for lease in each.what.leases:
        times = f"{_clock(lease.start)} to {_clock(lease.end)}"
        lines.append(f"  lease {lease.name} ({lease.id}): {lease.state.value.lower()}, {times}")
    for server in each.what.servers:
        lines.append(f"  server {server.name} ({server.id}): {server.fault or server.state.value}")
    for address in each.what.addresses:
        lines.append(f"  address {address.address}, attached to {'it' if address.attached else 'nothing'}")
    lines += [f"  keypair {name}" for name in each.what.keypairs]
    if each.kept is not None:
        lines += _remembered(each.kept)
    return [*lines, *map(_cost, each.charges)]


def _remembered(kept: "Kept") -> list[str]:
    lines = [f"  a site said: {said}" for said in kept.refusals]
    if kept.failing is not None:
        lines.append(f"  given back because {kept.failing}")
    if kept.proved is not None:
        lines.append(f"  found to be {kept.proved.words}")
    if kept.extension is not None:
        lines.append(f"  the lease was {kept.extension}")
    if kept.access is not None:
        address = kept.access.address
        lines.append(f"  ssh -i {kept.access.private_key} {address.user}@{address.host}")
    return lines


def _cost(charge: Charge) -> str:
    spent = total([charge], datetime.now(UTC))
    fault = f", lost: {charge.fault}" if charge.fault else ""
    return f"  {spent:.2f} SU for {charge.what} since {_clock(charge.start)}{fault}"


def _owner(each: Held) -> str:
    if each.phase is None:
        return "of a run that is not known here"
    if each.phase is Phase.DONE:
        return "of a run that is over: it is given back within minutes while a controller runs"
    return f"its run: {PHASE_TEXT[each.phase]}"


def _things(each: Held) -> str:
    what = each.what
    named = [
        *(f"lease {lease.name}" for lease in what.leases),
        *(f"server {server.name}" for server in what.servers),
        *(f"address {address.address}" for address in what.addresses),
        *(f"keypair {name}" for name in what.keypairs),
    ]
    return f"{', '.join(named)} at {what.site}"


def _object(each: Held) -> dict[str, Any]:
    what = each.what
    return {
        "run_id": what.run_id,
        "site": what.site,
        "phase": each.phase.value if each.phase is not None else None,
        "leases": [
            {
                "id": lease.id,
                "name": lease.name,
                "state": lease.state.value.lower(),
                "start": lease.start.isoformat(),
                "end": lease.end.isoformat(),
            }
            for lease in what.leases
        ],
        "servers": [server.name for server in what.servers],
        "addresses": [address.address for address in what.addresses],
        "keypairs": list(what.keypairs),
        "su": round(total(each.charges, datetime.now(UTC)), 3),
    }


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
