"""Every setting, from one YAML file (``--config``) and from ``REPRISE_…`` variables, which win.

Levels are joined by ``__`` (``REPRISE_GITHUB__TOKEN``). A secret may also stand in a file that
``REPRISE_GITHUB__TOKEN_FILE`` names. Built once in `bootstrap`, passed down in pieces.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from reprise.domain.errors import UserError

_PREFIX = "REPRISE_"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Http(Section):
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8400, ge=0, le=65535)
    """0 = any free port; it is printed at start."""
    public_url: str | None = None
    """Where people reach the run pages. Without it no link to them is posted."""


class GitHub(Section):
    api_url: str = "https://api.github.com"
    """REST root; for GitHub Enterprise Server and `reprise forge` it ends in /api/v3."""
    token: SecretStr | None = None
    """Personal access token: contents read, statuses, issues and pull requests write."""
    webhook_secret: SecretStr | None = None
    """Shared with the repository's webhook."""
    timeout: float = Field(default=20.0, gt=0)
    """Seconds for one call."""
    write_spacing: float = Field(default=1.0, ge=0)
    """Seconds between two writes; GitHub asks for one, a loopback forge for none."""


class Tracking(Section):
    uri: str | None = None
    """An MLflow tracking server of yours. Without it `serve` starts one on loopback."""
    port: int = Field(default=0, ge=0, le=65535)
    """Of the server that `serve` starts; 0 = any free port, kept from then on."""
    public_url: str | None = None
    """Where people reach MLflow's pages. Without it no link to them is posted."""


class Process(Section):
    """The process backend: jobs as processes of this machine."""

    slots: int = Field(default=1, ge=1, le=64)
    """Runs at the same time."""
    cpus: int | None = Field(default=None, ge=1)
    """Cores granted to a job; None = all that this process may use."""
    build_timeout: float = Field(default=1800.0, gt=0)
    """Seconds for installing one environment."""


class Git(Section):
    timeout: float = Field(default=600.0, gt=0)
    """Seconds for one fetch."""


def _state_home() -> Path:
    home = os.environ.get("XDG_STATE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".local/state") / "reprise"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    state_dir: Path = Field(default_factory=_state_home)
    """Databases, logs, results. Default: the XDG state folder."""
    cache_dir: Path | None = None
    """Environments and git objects, all of which can be made again. Default: state_dir/cache."""
    database_url: str | None = None
    """Our tables. Default: SQLite in state_dir."""
    watch: Annotated[tuple[str, ...], NoDecode] = ()
    """Repositories as owner/repo; a comma list or JSON."""
    sweep_interval: float = Field(default=300.0, gt=0)
    """Seconds between two looks at the watched repositories' tags."""
    http: Http = Http()
    github: GitHub = GitHub()
    tracking: Tracking = Tracking()
    process: Process = Process()
    git: Git = Git()

    @field_validator("watch", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return json.loads(value)
        return [part.strip() for part in value.split(",") if part.strip()]

    @field_validator("watch")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            owner, slash, repository = name.partition("/")
            if not (owner and slash and repository) or "/" in repository:
                raise ValueError(f"{name!r} is not owner/repo")
            if "*" in name:
                raise ValueError(f"{name!r}: patterns are not supported yet; name each repository")
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
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.state_dir / 'reprise.db'}"

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for redaction."""
        found = (self.github.token, self.github.webhook_secret)
        return tuple(secret.get_secret_value() for secret in found if secret is not None)


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Settings of this process. Raises UserError naming each wrong setting."""
    if config is not None and not config.is_file():
        raise UserError(f"{config} is not a file: give --config an existing YAML file")
    try:
        return _reading(config)(**overrides)
    except ValidationError as error:
        raise UserError(_explain(error)) from None


def _reading(config: Path | None) -> type[Settings]:
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
            if config is None:
                return init_settings, env_settings, files
            written = YamlConfigSettingsSource(settings_cls, yaml_file=config)
            return init_settings, env_settings, files, written

    return Loaded


_SECRETS = ("GITHUB__TOKEN", "GITHUB__WEBHOOK_SECRET")


def _secret_files(environment: Mapping[str, str]) -> dict[str, Any]:
    """The secrets that ``…_FILE`` variables point to, as nested settings."""
    found: dict[str, Any] = {}
    for name in _SECRETS:
        path = environment.get(f"{_PREFIX}{name}_FILE")
        if path is None:
            continue
        section, field = name.lower().split("__")
        found.setdefault(section, {})[field] = _read_secret(Path(path), f"{_PREFIX}{name}_FILE")
    return found


def _read_secret(path: Path, variable: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{variable} names {path}, which cannot be read: {error}") from None


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in problem["loc"])
        variable = _PREFIX + "__".join(str(part) for part in problem["loc"]).upper()
        lines.append(f"setting {where} ({variable}): {problem['msg']}")
    return "\n".join(lines)
