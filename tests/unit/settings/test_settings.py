"""Where settings come from, which source wins, and what is said about wrong ones."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from reprise.domain.addresses import SETTINGS_PAGE
from reprise.domain.errors import UserError
from reprise.settings import SECRETS, Settings, load_settings, setting_paths

CANARY = "c4n4ry-0123456789"


def config(folder: Path, text: str | bytes) -> Path:
    path = folder / "reprise-settings.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# --- sources ----------------------------------------------------------------------------------------


def test_without_anything_the_defaults_are_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/somewhere")
    settings = load_settings()
    assert settings.http.host == "127.0.0.1"
    assert settings.state_dir == Path("/var/somewhere/reprise")
    assert settings.cache == settings.state_dir / "cache"
    assert settings.database == "sqlite:////var/somewhere/reprise/reprise.db"
    assert (settings.watch, settings.github.token, settings.secrets()) == ((), None, ())


@pytest.mark.parametrize("home", ["", "relative/state"])
def test_a_state_home_that_is_no_absolute_path_does_not_count(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", home)
    monkeypatch.setenv("HOME", "/home/ada")
    assert load_settings().state_dir == Path("/home/ada/.local/state/reprise")


def test_the_file_is_read(tmp_path: Path) -> None:
    text = """\
# ours
watch: [ada/wine, "ada/1.10"]
state_dir: ~/state
http: {port: 0, public_url: "https://reprise.example/"}
github:
  token: 12345
  timeout: 2.5
process: {cpus: null}
"""
    settings = load_settings(config(tmp_path, text))
    assert settings.watch == ("ada/wine", "ada/1.10")
    assert settings.state_dir == Path.home() / "state"
    assert (settings.http.port, settings.http.public_url) == (0, "https://reprise.example")
    assert settings.github.token is not None
    assert settings.github.token.get_secret_value() == "12345"
    assert (settings.github.timeout, settings.process.cpus) == (2.5, None)


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n# words\n"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    assert load_settings(config(tmp_path, text)).model_dump() == load_settings().model_dump()


def test_variables_win_over_secret_files_and_these_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = config(tmp_path, "github: {token: one, webhook_secret: one}\nhttp: {port: 1, host: '::1'}\n")
    (tmp_path / "secret").write_text("two\n")
    monkeypatch.setenv("REPRISE_GITHUB__TOKEN_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("REPRISE_GITHUB__WEBHOOK_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("REPRISE_GITHUB__TOKEN", "three")
    monkeypatch.setenv("REPRISE_HTTP__PORT", "2")
    settings = load_settings(written)
    assert settings.secrets() == ("three", "two")
    assert (settings.http.port, settings.http.host) == (2, "::1")


@pytest.mark.parametrize("path", SECRETS, ids=".".join)
def test_every_secret_may_stand_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]
) -> None:
    site = {"application_credential_id": "1", "application_credential_secret": CANARY}
    several = {
        ("data", "secrets"): {"ada/*": {"NAME": f"ada:{CANARY}"}},
        ("chameleon", "credentials"): {"CHI@UC": site},
    }
    text = json.dumps(several[path]) if path in several else f"https://ada:{CANARY}@db.example/x"
    (tmp_path / "secret").write_text(f"{text}\n")
    monkeypatch.setenv(f"REPRISE_{'__'.join(path).upper()}_FILE", str(tmp_path / "secret"))
    assert any(CANARY in secret for secret in load_settings().secrets())


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRISE_GITHUB__TOKEN", "")
    monkeypatch.setenv("REPRISE_GITHUB__WEBHOOK_SECRET_FILE", "")
    monkeypatch.setenv("REPRISE_STATE_DIR", "")
    settings = load_settings(config(tmp_path, "state_dir: /somewhere\n"))
    assert (settings.github.token, settings.github.webhook_secret) == (None, None)
    assert settings.state_dir == Path("/somewhere")


@pytest.mark.parametrize(
    ("text", "watch"),
    [
        ("", ()),
        ("ada/wine", ("ada/wine",)),
        (" ada/wine , grace/maps,", ("ada/wine", "grace/maps")),
        ('["ada/wine", "grace/maps"]', ("ada/wine", "grace/maps")),
        (" [] ", ()),
    ],
)
def test_watched_repositories_are_a_comma_list_or_json(
    monkeypatch: pytest.MonkeyPatch, text: str, watch: tuple[str, ...]
) -> None:
    monkeypatch.setenv("REPRISE_WATCH", text)
    assert load_settings().watch == watch


@pytest.mark.parametrize(
    ("text", "backends"),
    [
        ("", ("process",)),
        ("docker", ("docker",)),
        ("docker, process, docker", ("docker", "process")),
        ('["process", "docker"]', ("process", "docker")),
    ],
)
def test_backends_are_a_list_whose_first_is_the_default(
    monkeypatch: pytest.MonkeyPatch, text: str, backends: tuple[str, ...]
) -> None:
    monkeypatch.setenv("REPRISE_BACKENDS", text)
    settings = load_settings()
    assert settings.backends == backends
    assert tuple(offer.name for offer in settings.offers()) == backends


# --- wrong ones -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("WATCH", "wine", "setting REPRISE_WATCH: watch: 'wine' is not owner/repo"),
        ("WATCH", "a/b/c", "'a/b/c' is not owner/repo"),
        ("WATCH", "/b", "'/b' is not owner/repo"),
        ("WATCH", "*/wine", "'*/wine' is a pattern over owners: name each owner, like ada/*"),
        ("WATCH", '["ada/wine"', "this is no JSON list"),
        ("WATCH", "[1]", "setting REPRISE_WATCH: watch: input should be a valid string"),
        ("BACKENDS", "process,cloud", "there is no backend 'cloud' here: there are process, docker"),
        ("BACKENDS", "[]", "name at least one backend"),
        ("DOCKER__HOST", "tcp://10.0.0.1:2375", "name a socket here, as unix:///…"),
        ("DOCKER__GPUS", "many", "docker.gpus"),
        ("IMAGES__BASE", "python:{version}", "write {python} where the version stands"),
        ("HTTP__PORT", "http", "setting REPRISE_HTTP__PORT: http.port: input should be a valid integer"),
        ("HTTP__PORT", "65536", "less than or equal to 65535"),
        ("HTTP__PUBLIC_URL", "reprise.example", "this is no web address: write http://… or https://…"),
        ("GITHUB__API_URL", "https://", "this is no web address"),
        ("GITHUB__TIMEOUT", "0", "greater than 0"),
        ("GITHUB__TIMEOUT", "nan", "GITHUB__TIMEOUT"),
        ("GIT__TIMEOUT", "inf", "GIT__TIMEOUT"),
        ("PROCESS__SLOTS", "0", "greater than or equal to 1"),
        ("WATHC", "ada/wine", "REPRISE_WATHC is no setting: did you mean REPRISE_WATCH?"),
        ("GITHUB__TOKN", CANARY, "REPRISE_GITHUB__TOKN is no setting: did you mean REPRISE_GITHUB__TOKEN?"),
        ("GITHUB_TOKEN", CANARY, "did you mean REPRISE_GITHUB__TOKEN?"),
        ("GITHUB__COLOUR", CANARY, f"github.colour: there is no such setting; {SETTINGS_PAGE} lists them"),
        ("GITHUB__TOKEN_FILE", "/nonexistent", "REPRISE_GITHUB__TOKEN_FILE names /nonexistent, which cannot"),
    ],
)
def test_a_wrong_variable_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"REPRISE_{name}", value)
    with pytest.raises(UserError) as refused:
        load_settings()
    assert sentence in str(refused.value)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("name", ["REPRISE_SEED", "REPRISE_OUTPUT_DIR", "REPRISE_COMMIT", "REPRISE_X"])
def test_variables_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A job finds three of them, and may itself rehearse something."""
    monkeypatch.setenv(name, "1")
    load_settings()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("htp: {port: 1}\n", ":1:1: htp: there is no such setting; did you mean http?"),
        ("http:\n  prt: 1\n", ":2:3: http.prt: there is no such setting; did you mean http.port?"),
        ("http:\n  port: x\n", ":2:3: http.port: input should be a valid integer"),
        ("http: 5\n", ":1:1: http: this is a section: write its settings below it, such as http.host"),
        ("watch: [ada]\n", ":1:1: watch: 'ada' is not owner/repo"),
        ("- http\n", " must hold settings by name, such as http: {port: 8400}"),
        ("http: [\n", ":1:8: not valid YAML"),
        ("http: {port: 1}\nhttp: {port: 2}\n", ":2:1: the key 'http' stands here twice"),
        ("!!python/object/apply:os.getcwd []\n", ":1:1: the tag 'tag:yaml.org,2002:python/"),
        (b"\xff\xfe", ":1:1: the file is not UTF-8 text; save it as UTF-8"),
        (f"github: {{token: [{CANARY}]}}\n", ":1:10: github.token: input should be a valid string"),
    ],
)
def test_what_is_wrong_in_the_file_is_named_with_its_place(
    tmp_path: Path, text: str | bytes, sentence: str
) -> None:
    path = config(tmp_path, text)
    with pytest.raises(UserError) as refused:
        load_settings(path)
    assert f"{path}{sentence}" in str(refused.value)
    assert CANARY not in str(refused.value)


def test_a_token_that_is_too_short_is_told_in_characters_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "16 characters are the least: `openssl rand -hex 32` prints a good one"
    with pytest.raises(UserError) as refused:
        load_settings(config(tmp_path, "http: {operator_token: hunter2}\n"))
    assert str(refused.value).endswith(f":1:8: http.operator_token: {said}")
    monkeypatch.setenv("REPRISE_HTTP__OPERATOR_TOKEN", "é" * 16)
    load_settings()


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        load_settings(config(tmp_path, "colour: red\nhttp: {port: x}\nwatch: ada\n"))
    assert len(str(refused.value).splitlines()) == 3


def test_a_variable_that_overrides_the_file_is_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_HTTP__PORT", "x")
    with pytest.raises(UserError, match=r"^setting REPRISE_HTTP__PORT: "):
        load_settings(config(tmp_path, "http: {port: 1}\n"))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give --config an existing YAML file"):
        load_settings(tmp_path / "nope.yaml")
    with pytest.raises(UserError, match="give --config an existing YAML file"):
        load_settings(tmp_path)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\xfd"])
def test_a_secret_file_without_a_secret_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("REPRISE_GITHUB__TOKEN_FILE", str(tmp_path / "secret"))
    with pytest.raises(UserError, match=r"REPRISE_GITHUB__TOKEN_FILE names .*/secret, which is"):
        load_settings()


# --- secrets ----------------------------------------------------------------------------------------


def test_no_secret_is_shown_when_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRISE_GITHUB__TOKEN", f"{CANARY}1")
    monkeypatch.setenv("REPRISE_GITHUB__WEBHOOK_SECRET", f"{CANARY}2")
    monkeypatch.setenv("REPRISE_DATABASE_URL", f"postgresql://ada:{CANARY}3%2F@db.example/reprise")
    monkeypatch.setenv("REPRISE_TRACKING__URI", f"https://ada:{CANARY}4@mlflow.example")
    settings = load_settings()
    for shown in (repr(settings), str(settings), repr(settings.github), repr(settings.tracking)):
        assert CANARY not in shown
    assert settings.database.startswith("postgresql://ada:")
    expected = {f"{CANARY}{end}" for end in ("1", "2", "3%2F", "3/", "4")}
    assert set(settings.secrets()) - {settings.database} == expected


def test_every_setting_that_is_kept_secret_is_redacted_and_may_stand_in_a_file() -> None:
    fields = {path: _annotation(path) for path in setting_paths()}
    kept = [path for path, kind in fields.items() if SecretStr in (kind, *get_args(kind))]
    assert kept
    assert set(kept) <= set(SECRETS)
    values: dict[str, Any] = {}
    for path in kept:
        section = values.setdefault(path[0], {}) if len(path) > 1 else values
        section[path[-1]] = f"{CANARY}{'.'.join(path)}"
    hidden = Settings(**values).secrets()
    assert {f"{CANARY}{'.'.join(path)}" for path in kept} <= set(hidden)


def _annotation(path: tuple[str, ...]) -> object:
    model: Any = Settings
    for name in path[:-1]:
        model = model.model_fields[name].annotation
    return model.model_fields[path[-1]].annotation


def test_every_setting_has_a_path_and_secrets_are_among_them() -> None:
    paths = list(setting_paths())
    assert len(paths) == len(set(paths))
    assert set(SECRETS) <= set(paths)


# --- secrets of data --------------------------------------------------------------------------------


def test_secrets_of_data_are_hidden_and_redacted_with_their_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "REPRISE_DATA__SECRETS", f'{{"ada/wine": {{"HUB": "{CANARY}1", "S3": "AK:{CANARY}2"}}}}'
    )
    settings = load_settings()
    for shown in (repr(settings), str(settings), repr(settings.data)):
        assert CANARY not in shown
    assert {f"{CANARY}1", f"AK:{CANARY}2", f"{CANARY}2"} <= set(settings.secrets())


def test_a_secret_of_data_is_for_the_repository_that_it_was_given_to() -> None:
    named = {"ada/wine": {"A": "own"}, "ada/*": {"A": "adas", "B": "b"}, "*": {"C": "everybodys"}}
    data = Settings(data={"secrets": named}).data
    assert data.secret_of("Ada/Wine", "A") == "own"
    assert data.secret_of("ada/maps", "A") == "adas"
    assert data.secret_of("ada/wine", "B") == "b"
    assert data.secret_of("bob/wine", "B") is None
    assert data.secret_of("bob/wine", "C") == "everybodys"
    assert data.secret_of("ada/wine", "D") is None


@pytest.mark.parametrize("wrong", ['["10.0.0.0/33"]', '["somewhere"]'])
def test_a_network_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("REPRISE_DATA__NETWORKS", wrong)
    with pytest.raises(UserError, match=r"data\.networks: this is no network"):
        load_settings()
