"""Every setting, from one YAML file (``--config``) and from ``REPRISE_…`` variables, which win.

Levels are joined by ``__`` (``REPRISE_GITHUB__TOKEN``). A secret may also stand in a file that
``REPRISE_GITHUB__TOKEN_FILE`` names. Built once in `bootstrap`, passed down in pieces.
"""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from reprise.domain import policy as trust
from reprise.domain.backend import CHAMELEON, DOCKER, PROCESS, Offer
from reprise.domain.errors import UserError
from reprise.domain.policy import BACKENDS, WHO
from reprise.domain.retention import Bound, Policy
from reprise.domain.watch import Watch, read_watch
from reprise.settings.chameleon import Chameleon
from reprise.settings.complaints import FROM_FILE, JOIN, PREFIX, Names, explain, misspelt, variable
from reprise.settings.containers import Docker, Images
from reprise.settings.data import Data
from reprise.settings.file import ConfigFile
from reprise.settings.kinds import Address, Days, Gigabytes, Seconds, Section

SECRETS = (
    ("github", "token"),
    ("github", "private_key"),
    ("github", "webhook_secret"),
    ("http", "operator_token"),
    ("tracking", "uri"),
    ("data", "secrets"),
    ("chameleon", "credentials"),
    ("database_url",),
)
"""Settings that are, or may hold, a secret: each may also stand in a file."""

BUILT = (PROCESS, DOCKER, CHAMELEON)
"""Backends that there are; a policy may name more."""

SHORTEST_TOKEN = 16
"""Characters."""


class Http(Section):
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8400, ge=0, le=65535)
    """Port to listen on; 0 = any free one, printed at start."""
    public_url: Address | None = None
    """Where people reach the run pages. Without it no link to them is posted."""
    operator_token: SecretStr | None = None
    """Opens run pages, API and metrics. Without it a token of each start does, on this machine only."""

    @field_validator("operator_token")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(
                f"{SHORTEST_TOKEN} characters are the least: `openssl rand -hex 32` prints a good one"
            )
        return value


class GitHub(Section):
    api_url: Address = "https://api.github.com"
    """REST root; for GitHub Enterprise Server and `reprise forge` it ends in /api/v3."""
    token: SecretStr | None = None
    """Personal access token: contents read; statuses, issues and pull requests write."""
    app_id: int | None = Field(default=None, ge=1)
    """Number of a GitHub App, which is used rather than the token. `/setup` makes one without any setting."""
    private_key: SecretStr | None = None
    """The App's private key, whole, in PEM form."""
    webhook_secret: SecretStr | None = None
    """Shared with the webhook of the repository or the App; `reprise serve` needs it, unless it polls."""
    intake: Literal["webhook", "polling"] = "webhook"
    """How tags and comments become known soon. `polling` needs no webhook, no secret and no inbound port."""
    poll_interval: Seconds = 60.0
    """Seconds between two looks at the watched repositories, when polling; in place of `sweep_interval`."""
    log_interval: Seconds = 1800.0
    """Seconds between two walks of the App's delivery log; when polling, `poll_interval` if that is less."""
    timeout: Seconds = 20.0
    """Seconds for one call."""
    write_spacing: float = Field(default=1.0, ge=0, lt=3600, allow_inf_nan=False)
    """Seconds between two writes; GitHub asks for one, a loopback forge for none."""

    @field_validator("private_key", mode="before")
    @classmethod
    def _lines(cls, value: Any) -> Any:
        """Where a variable can hold one line only, people write the ends of lines as two characters."""
        one_line = isinstance(value, str) and "\n" not in value.strip()
        return value.replace("\\n", "\n") if one_line else value

    @property
    def polls(self) -> bool:
        return self.intake == "polling"


class Tracking(Section):
    uri: str | None = Field(default=None, repr=False)
    """An MLflow tracking server of yours. Without it `serve` starts one on loopback."""
    port: int = Field(default=0, ge=0, le=65535)
    """Port of the MLflow server that `serve` starts; 0 = any free one, kept from then on."""
    public_url: Address | None = None
    """Where people reach MLflow's pages; off loopback everybody reads. Without it no link is posted."""


class Process(Section):
    """The process backend: jobs as processes of this machine."""

    slots: int = Field(default=1, ge=1, le=64)
    """Runs at the same time."""
    cpus: int | None = Field(default=None, ge=1)
    """Cores granted to a job. Default: all that this process may use."""
    build_timeout: Seconds = 1800.0
    """Seconds for installing one environment."""
    max_processes: int = Field(default=4096, ge=64, le=4_000_000)
    """Processes and threads of one job."""
    share: tuple[Path, ...] = ()
    """Folders of this machine that every job may read and, where its user may, write; a JSON list."""
    allow_unisolated: bool = False
    """Run jobs also where they could read the credentials that this controller holds."""
    allow_open_network: bool = True
    """Whether a spec may ask for `environment.network: open`; such a run is refused otherwise."""
    hash_gpu_ids: bool = False
    """Write digests for the identities of GPUs into environment records, and hide their serial numbers."""


class Limits(Section):
    """Besides the slots of a backend. Repositories take turns whatever these say."""

    per_repository: int | None = Field(default=None, ge=1)
    """Runs of one repository at the same time. Default: as many as there are slots."""
    per_user: int | None = Field(default=None, ge=1)
    """Runs that one person caused at the same time. Default: as many as there are slots."""


class Trust(Section):
    """For every repository; the policy of a repository's default branch may be stricter, never laxer."""

    who: Literal["write", "admin"] = "write"
    """Who may start and approve runs by comment or button: write or admin."""
    max_su_per_run: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Service units that one run may take; one machine for one hour is one."""
    max_su_per_month: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Service units that one repository may take in a calendar month (UTC)."""
    backends: tuple[str, ...] | None = None
    """Backends that jobs may run on; a JSON list. Default: any."""
    plan_days: float = Field(default=7.0, gt=0, le=90, allow_inf_nan=False)
    """Days for which a plan can be approved."""
    plans_per_day: int = Field(default=10, ge=0, le=10_000)
    """Requests for plans of one person without write that are answered in 24 hours; 0 = none."""

    @field_validator("backends")
    @classmethod
    def _known(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        unknown = next((name for name in value or () if name not in BACKENDS), None)
        if unknown is not None:
            raise ValueError(f"there is no backend {unknown!r}: known are {', '.join(BACKENDS)}")
        return value

    def policy(self) -> trust.Policy:
        return trust.Policy(WHO[self.who], self.max_su_per_run, self.max_su_per_month, self.backends)


class Git(Section):
    timeout: Seconds = 600.0
    """Seconds for one fetch."""


class Retention(Section):
    """What `reprise serve` removes once a day; docs/operate.md says what each bound is about."""

    cache_days: Days = 30.0
    """Days since the last use, for environments, downloads and clones; 0 = no bound."""
    cache_gb: Gigabytes = 50.0
    """GB of all of these together, 10^9 bytes each; 0 = no bound."""
    log_days: Days = 180.0
    """Days since a run ended, for its logs and undeclared files; 0 = no bound."""
    log_gb: Gigabytes = 50.0
    """GB of all of these together; 0 = no bound."""
    rehearsal_days: Days = 30.0
    """Days since the end, for what `reprise run` left; 0 = no bound."""
    record_days: Days = 90.0
    """Days for bodies of deliveries and steps of ended runs; 0 = no bound."""

    def policy(self) -> Policy:
        return Policy(
            cache=Bound(_age(self.cache_days), _bytes(self.cache_gb)),
            logs=Bound(_age(self.log_days), _bytes(self.log_gb)),
            rehearsals=Bound(_age(self.rehearsal_days)),
            records=Bound(_age(self.record_days)),
        )


def _age(days: float) -> timedelta | None:
    return timedelta(days=days) if days else None


def _bytes(gigabytes: float) -> int | None:
    return int(gigabytes * 10**9) if gigabytes else None


def _state_home() -> Path:
    home = os.environ.get("XDG_STATE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".local/state") / "reprise"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=JOIN,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    state_dir: Path = Field(default_factory=_state_home)
    """Databases, logs, results. Default: reprise in the XDG state folder."""
    cache_dir: Path | None = None
    """Environments and git objects, all of which can be made again. Default: `state_dir`/cache."""
    database_url: SecretStr | None = None
    """Deliveries and runs, as an SQLAlchemy URL. Default: SQLite in `state_dir`."""
    backends: Annotated[tuple[str, ...], NoDecode] = (PROCESS,)
    """Where jobs can run, the default first: process, docker, chameleon; a comma list or JSON.
    Default: process."""
    watch: Annotated[tuple[str, ...], NoDecode] = ()
    """Repositories as owner/repo, or owner/* for all that an owner has; a comma list or JSON."""
    sweep_interval: Seconds = 300.0
    """Seconds between two looks at the watched repositories' tags."""
    http: Http = Http()
    github: GitHub = GitHub()
    tracking: Tracking = Tracking()
    process: Process = Process()
    docker: Docker = Docker()
    images: Images = Images()
    chameleon: Chameleon = Chameleon()
    limits: Limits = Limits()
    policy: Trust = Trust()
    git: Git = Git()
    data: Data = Data()
    retention: Retention = Retention()
    _config: Path | None = PrivateAttr(default=None)

    @field_validator("watch", "backends", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return _json_list(value)
        return [part.strip() for part in value.split(",") if part.strip()]

    @field_validator("backends")
    @classmethod
    def _built(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = next((name for name in value if name not in BUILT), None)
        if unknown is not None:
            raise ValueError(f"there is no backend {unknown!r} here: there are {', '.join(BUILT)}")
        if not value:
            raise ValueError(f"name at least one backend: {', '.join(BUILT)}")
        return tuple(dict.fromkeys(value))

    @field_validator("watch")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            read_watch(value)
        except UserError as error:
            raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _absolute(self) -> "Settings":
        object.__setattr__(self, "state_dir", self.state_dir.expanduser().absolute())
        cache = self.cache_dir or self.state_dir / "cache"
        object.__setattr__(self, "cache_dir", cache.expanduser().absolute())
        return self

    @property
    def cache(self) -> Path:
        return self.cache_dir or self.state_dir / "cache"

    @property
    def watched(self) -> Watch:
        return read_watch(self.watch)

    def offers(self) -> tuple[Offer, ...]:
        """Of every backend, as far as settings alone say; the default first."""
        return tuple(map(self.offer, self.backends))

    def offer(self, backend: str) -> Offer:
        if backend == DOCKER:
            gpus = self.docker.gpus != "none"
            return Offer(DOCKER, images=True, gpus=gpus, closes_network=True, untrusted=True)
        if backend == CHAMELEON:
            return Offer(
                CHAMELEON,
                images=True,
                gpus=True,
                closes_network=True,
                untrusted=True,
                sites=self.chameleon.offered_sites,
                overhead=self.chameleon.overhead,
            )
        return Offer(PROCESS, gpus=True, closes_network=True, untrusted=True)

    @property
    def look_interval(self) -> float:
        """Seconds between two sweeps."""
        return self.github.poll_interval if self.github.polls else self.sweep_interval

    @property
    def log_interval(self) -> float:
        """Seconds between two walks of the App's delivery log."""
        github = self.github
        return min(github.poll_interval, github.log_interval) if github.polls else github.log_interval

    @property
    def intake(self) -> str:
        """In words: how what happens on the forge becomes known."""
        return f"polling every {self.look_interval:g} s" if self.github.polls else "webhook"

    @property
    def database(self) -> str:
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.state_dir / 'reprise.db'}"

    def secret_files(self) -> tuple[Path, ...]:
        """Files that secrets were read from, or may have been."""
        named = (os.environ.get(variable(path) + FROM_FILE) for path in SECRETS)
        kept = (*named, self._config, *self.chameleon.secret_files())
        return tuple(Path(path).absolute() for path in kept if path)

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for redaction."""
        urls = [self.database, self.tracking.uri or ""]
        return (*_secrets_in(self), *(password for url in urls for password in _passwords(url)))


def _secrets_in(section: BaseModel) -> Iterator[str]:
    """Found by their type, so that a new setting cannot be forgotten."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from _secrets_in(value)
        elif isinstance(value, dict):
            yield from _secrets_of(value)


def _secrets_of(named: dict[str, Any]) -> Iterator[str]:
    """Of a mapping, however deep; of ``user:password`` its second half too, which is sent by itself."""
    for value in named.values():
        if isinstance(value, dict):
            yield from _secrets_of(value)
        elif isinstance(value, SecretStr):
            secret = value.get_secret_value()
            yield from filter(None, (secret, secret.partition(":")[2]))
        elif isinstance(value, BaseModel):
            yield from _secrets_in(value)


def _json_list(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError('this is no JSON list: write ["one", "two"], or one,two') from None


def _passwords(url: str) -> tuple[str, ...]:
    password = urlsplit(url).password or ""
    return (password, unquote(password)) if password else ()


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Settings of this process. Raises UserError naming each wrong setting."""
    written = ConfigFile.read(config) if config is not None else None
    if wrong := misspelt(os.environ, _variables()):
        raise UserError("\n".join(wrong))
    try:
        loaded = _reading(written.values if written is not None else {})(**overrides)
    except ValidationError as error:
        raise UserError(explain(error, tuple(setting_paths()), os.environ, written)) from None
    loaded._config = config
    return loaded


def _reading(written: dict[str, Any]) -> type[Settings]:
    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            files = InitSettingsSource(settings_cls, init_kwargs=_secret_files(os.environ))
            config = InitSettingsSource(settings_cls, init_kwargs=written)
            return init_settings, _Variables(settings_cls), files, config

    return Loaded


class _Variables(EnvSettingsSource):
    """Without those that name files, which would look like settings of their own."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        files = {(variable(path) + FROM_FILE).lower() for path in SECRETS}
        return {name: value for name, value in super()._load_env_vars().items() if name not in files}


def _secret_files(environment: Mapping[str, str]) -> dict[str, Any]:
    """The secrets that ``…_FILE`` variables point to, as nested settings."""
    found: dict[str, Any] = {}
    for path in SECRETS:
        named_by = variable(path) + FROM_FILE
        file = environment.get(named_by)
        if file:
            section = found
            for name in path[:-1]:
                section = section.setdefault(name, {})
            section[path[-1]] = _read_secret(Path(file), named_by)
    return found


def _read_secret(path: Path, named_by: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UserError(f"{named_by} names {path}, which cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{named_by} names {path}, which is not UTF-8 text") from None
    if not secret:
        raise UserError(f"{named_by} names {path}, which is empty")
    return secret


def setting_paths(model: type[BaseModel] | None = None, above: Names = ()) -> Iterator[Names]:
    """Every setting, in the order of this file."""
    for name, field in (model or Settings).model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from setting_paths(kind, (*above, name))
        else:
            yield (*above, name)


def _variables() -> set[str]:
    """All that are read from the environment; a whole section may be given as JSON."""
    settings = {variable(path) for path in setting_paths()}
    sections = {variable((name,)) for name in Settings.model_fields}
    return settings | sections | {variable(path) + FROM_FILE for path in SECRETS}
