"""The command ``reprise``. A command parses its arguments and calls one use case.

Exit codes of a verdict (0 to 4) must not collide with typer's own, so its errors are caught here:
64 wrong usage, 70 a bug of ours, 130 interrupted.
"""

import json
import logging
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, NoReturn

import structlog
import typer
from typer._click.exceptions import ClickException  # typer exports its usage errors nowhere else

from reprise import __version__, log
from reprise.domain.addresses import PAGES
from reprise.domain.errors import RepriseError, UserError
from reprise.domain.starting import Licence
from reprise.linting.forms import Form

USAGE = 64
BUG = 70
INTERRUPTED = 130

app = typer.Typer(
    name="reprise",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Push a tag, get a verdict: does the published number come back?",
    epilog=f"docs/… is {PAGES}",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="YAML file with settings; REPRISE_… variables win over it."
    ),
]


class System(Enum):
    """What `doctor` can look at alone."""

    GITHUB = "github"
    CHAMELEON = "chameleon"
    DOCKER = "docker"


class Deed(Enum):
    """What `leases` does."""

    LIST = "list"
    EXPLAIN = "explain"
    RELEASE = "release"


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(USAGE)


@app.command()
def serve(
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Run the tags too that are older than the watch, each once.")
    ] = False,
    config: Config = None,
) -> None:
    """Watch repositories and answer their tags and /reproduce comments.

    Without a setting it waits for /setup, which makes a GitHub App. With REPRISE_GITHUB__TOKEN it needs
    REPRISE_WATCH and REPRISE_GITHUB__WEBHOOK_SECRET, or in its place REPRISE_GITHUB__INTAKE=polling;
    docs/settings.md lists every setting. Ends with Ctrl-C or SIGTERM; runs that live go on at the next start.
    """
    from reprise.settings import load_settings

    settings = load_settings(config)  # before the imports that take seconds
    from reprise.serve import run_controller

    run_controller(settings, backfill=backfill)


@app.command()
def run(
    path: Annotated[Path, typer.Argument(help="A folder in a git repository.")] = Path(),
    experiment: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Another experiment than the one of reprise.yaml."),
    ] = None,
    badge: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.svg", help="Write the verdict's badge there too, marked as a rehearsal's."
        ),
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(
            metavar="FACTOR[=VALUE]",
            help="Change one thing and compare with the run before; `list` shows what.",
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Where: process, or docker, which builds an image and shuts jobs in."
        ),
    ] = None,
    as_json: Json = False,
    config: Config = None,
) -> int:
    """Rehearse on this machine: the same pipeline and report, no forge.

    What is not committed is run too, and said so; the repository itself is only read. It runs on the first
    backend of REPRISE_BACKENDS that can: docs/backends.md. The report goes to stdout, everything else to
    stderr.

    Exit codes: 0 reproduced or nothing claimed, 1 not reproduced, 2 inconclusive, 3 it could not be
    run (the repository has to be mended, or it was refused or stopped), 4 the infrastructure failed, 64 wrong
    usage, 70 a bug, 130 interrupted.
    """
    if vary == "list":
        from reprise.domain.variation import listing

        typer.echo(listing())
        return 0
    from reprise.rehearsal import rehearse
    from reprise.settings import load_settings

    return rehearse(
        load_settings(config),
        path,
        experiment=experiment,
        badge=badge,
        as_json=as_json,
        vary=vary,
        backend=backend,
    )


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A spec file, or the folder of a repository.")] = Path(),
    form: Annotated[
        Form, typer.Option("--format", help="For people, programs, editors, or GitHub Actions.")
    ] = Form.TEXT,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Findings that this file lists do not count.")
    ] = None,
    write_baseline: Annotated[
        bool, typer.Option("--write-baseline", help="Write every finding into the baseline, and end.")
    ] = False,
    fix: Annotated[bool, typer.Option("--fix", help="First mend what can be mended with certainty.")] = False,
    spec_only: Annotated[bool, typer.Option("--spec-only", help="Look at the spec files alone.")] = False,
    as_json: Json = False,
) -> int:
    """Show what is wrong with a repository, before anything runs.

    First the problems of the spec, as the commit would show them, then what keeps a result from coming back:
    docs/check.md lists the rules. Nothing of the repository is imported or run.

    Exit codes: 0 nothing found but information, 1 something found, 64 wrong usage.
    """
    from reprise import checking

    chosen = Form.JSON if as_json else form
    if spec_only:
        return checking.check_only_specs(path, chosen)
    if write_baseline:
        return checking.record(path, baseline)
    return checking.check(path, chosen, baseline=baseline, fix=fix)


@app.command()
def plan(
    path: Annotated[Path, typer.Argument(help="A spec file, or a folder with one.")] = Path(),
    experiment: Annotated[str | None, typer.Option(metavar="NAME", help="Only this experiment.")] = None,
    claim: Annotated[str | None, typer.Option(metavar="ID", help="Only this claim.")] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest-tolerance", help="Suggest a tolerance and a margin for each claim.")
    ] = False,
    as_json: Json = False,
    config: Config = None,
) -> int:
    """Show what would be run, and what it can tell.

    The command, the pins, the backend, the time that earlier runs took, and what is missing. Then, from the
    committed values per seed or their spread: the scatter, how likely each verdict is, how many trials it
    takes. docs/statistics.md explains every line.

    Exit codes: 0 shown, 64 wrong usage or a spec with problems.
    """
    from reprise.planning import as_object, plan_specs, render
    from reprise.settings import load_settings

    settings = load_settings(config)
    plans = plan_specs(
        path,
        experiment=experiment,
        claim=claim,
        suggesting=suggest,
        state=settings.state_dir,
        offers=settings.offers(),
    )
    shown = json.dumps(as_object(plans), indent=2) if as_json else render(plans, suggesting=suggest)
    typer.echo(shown)
    return 0


@app.command()
def verify(
    evidence: Annotated[Path, typer.Argument(metavar="EVIDENCE.zip", help="An evidence package.")],
    key: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The operator's public key, reprise.pub; may be given again."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Check evidence, and judge it again.

    Offline, without an account or a controller: digests, signature, clocks, seeds, and the verdict that
    follows from the raw data.

    Exit codes: of that verdict, as for run (0 to 4); 65 not authentic, which is also what none of the given
    keys signed; 64 wrong usage, or evidence of a newer Reprise.
    """
    from reprise.verifying import verify as examine

    code, text = examine(evidence, key or (), as_json=as_json)
    typer.echo(text)
    return code


@app.command()
def doctor(
    system: Annotated[
        System | None, typer.Argument(help="Look at that alone: github or docker.", show_default=False)
    ] = None,
    init_keys: Annotated[
        bool, typer.Option("--init-keys", help="Make the key that evidence is signed with, if there is none.")
    ] = False,
    as_json: Json = False,
    config: Config = None,
) -> int:
    """Look at every configured system and say the next step.

    Exit codes: 0 all is well, 1 there is a problem, 64 wrong usage.
    """
    from reprise import doctor as examination
    from reprise.settings import load_settings

    settings = load_settings(config)
    if init_keys:
        findings = examination.init_keys(settings)
    else:
        look = {
            None: examination.examine,
            System.GITHUB: examination.examine_github,
            System.DOCKER: examination.examine_docker_alone,
            System.CHAMELEON: examination.look_at_chameleon,
        }
        findings = look[system](settings)
    shown = examination.as_object(findings)
    typer.echo(json.dumps(shown, indent=2) if as_json else examination.render(findings))
    return 0 if shown["ok"] else 1


@app.command()
def leases(
    deed: Annotated[Deed, typer.Argument(metavar="[list|explain|release]", show_default=False)] = Deed.LIST,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Only these runs.", show_default=False)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what release would give back, and leave it.")
    ] = False,
    as_json: Json = False,
    config: Config = None,
) -> int:
    """Show what is leased for which run, or give it back.

    It looks at every site of the settings itself, and shows what no controller remembers too. Only what
    carries the name of a run is ever shown or given back. docs/leases.md says more.

    Exit codes: 0 shown or gone, 1 something is left or a site could not be looked at, 64 wrong usage.
    """
    from reprise import leases as held
    from reprise.settings import load_settings

    settings = load_settings(config)
    if deed is Deed.RELEASE:
        return 0 if held.release(settings, names or (), dry_run=dry_run, say=typer.echo) else 1
    found = held.look(settings, only=names or ())
    if as_json:
        typer.echo(json.dumps(held.as_object(found), indent=2))
    else:
        typer.echo(held.render(found, explain=deed is Deed.EXPLAIN))
    return 1 if found.silent else 0


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="NAME", help="A new folder; with --adopt and --update what is there.")
    ] = Path(),
    template: Annotated[
        str, typer.Option(metavar="NAME", help="What to start from; `list` shows what there is.")
    ] = "blank",
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the work.")] = None,
    author: Annotated[str | None, typer.Option(metavar="TEXT", help="Who wrote it.")] = None,
    licence: Annotated[Licence, typer.Option(help="Licence of your code.")] = Licence.MIT,
    python: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Such as 3.12; the one that runs this, if absent.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Merge what a newer template changed; your edits stay.")
    ] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Write a reprise.yaml for the repository that is there.")
    ] = False,
) -> int:
    """Begin a new repository from a template.

    It is a git repository with one commit, so that `reprise run` works. Works without a network, and never
    writes into a folder that is not empty. docs/templates.md says what the templates are. With --adopt only a
    reprise.yaml is made, whose comments say why each choice was made; then what is left to do is listed.

    Exit codes: 0 made, updated or adopted, 1 updated with conflicts to solve, 64 wrong usage.
    """
    if adopt and update:
        raise UserError(
            "--adopt is for a repository without a reprise.yaml, --update for one of a template's"
        )
    if adopt:
        from reprise import adopting

        typer.echo(adopting.adopt(folder))
        return 0
    from reprise import starting

    if template == "list":
        typer.echo(starting.list_templates())
        return 0
    if update:
        done, text = starting.update(folder)
        typer.echo(text)
        return 0 if done else 1
    wish = starting.Wish(template, title, author, licence, python)
    typer.echo(starting.start(folder, wish))
    return 0


@app.command()
def forge(
    folder: Annotated[Path, typer.Argument(help="Where its repositories and state are kept.")],
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", help="0 = any free port.", min=0, max=65535)] = 0,
    user: Annotated[
        list[str] | None, typer.Option(metavar="LOGIN", help="Print a new token for this login.")
    ] = None,
    organization: Annotated[
        list[str] | None, typer.Option(metavar="LOGIN=OWNER", help="An organisation that a login owns.")
    ] = None,
) -> None:
    """A small GitHub-shaped forge on loopback, for demos and tests."""
    from reprise.forge.server import main as run_forge

    run_forge(folder, host, port, users=user or (), organizations=organization or ())


@app.command()
def demo(
    stay: Annotated[bool, typer.Option("--stay", help="Keep everything running until Ctrl-C.")] = False,
    example: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Another folder than the checkout's example-repo."),
    ] = None,
    verdicts: Annotated[
        bool, typer.Option("--verdicts", help="Rehearse each experiment of the example instead.")
    ] = False,
) -> int:
    """The main job on this machine: push a tag, get a verdict.

    Then a pull request is opened and /reproduce commented. With --verdicts there is no forge: each experiment
    is run, and a table shows every kind of answer. Exit codes: 0 every verdict is the one that the example
    promises, 1 one is not.
    """
    from reprise.demo.story import show
    from reprise.demo.verdicts import show_verdicts
    from reprise.terminal import interruptible

    if stay and verdicts:
        raise UserError("--stay keeps a forge and a controller, which --verdicts has not: leave one out")
    with interruptible():
        return show_verdicts(example=example) if verdicts else show(stay=stay, example=example)


def main(arguments: list[str] | None = None) -> NoReturn:
    """The console script."""
    sys.exit(invoke(sys.argv[1:] if arguments is None else arguments))


def invoke(arguments: list[str]) -> int:
    """Run a command line; returns its exit code."""
    log.configure(level=logging.WARNING)
    code = _attempt(arguments)
    if code == INTERRUPTED:
        typer.echo("reprise: interrupted", err=True)
    return code


def _attempt(arguments: list[str]) -> int:
    try:
        code = app(arguments, prog_name="reprise", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except ClickException as error:
        return _complain(_usage(error))
    except UserError as error:
        return _complain(str(error))
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except RepriseError as error:
        typer.echo(f"reprise: {error}", err=True)
        return 4
    except Exception as error:  # noqa: BLE001 - the outermost boundary: what nobody expected is a bug, with its own code
        structlog.get_logger().exception("reprise broke")
        typer.echo(f"reprise: {type(error).__name__}: a bug in Reprise; the lines above say where", err=True)
        return BUG


def _usage(error: ClickException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "reprise"
    message = error.format_message().replace(": Value error, ", ": ").rstrip(".")  # typer's wrapping
    return f"{message[:1].lower()}{message[1:]}; `{command} --help` shows what there is"


def _complain(message: str) -> int:
    typer.echo(f"reprise: {message}", err=True)
    return USAGE
