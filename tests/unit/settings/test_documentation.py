"""The table in docs/settings.md says what the code says; run this module to write it again."""

from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from reprise.settings import SECRETS, Settings, setting_paths
from reprise.settings.complaints import variable

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"
HEAD = "| setting | variable | default | effect |"


def test_the_page_has_every_setting_with_its_default_and_effect() -> None:
    assert _table() == _written(PAGE.read_text(encoding="utf-8"))


def test_every_setting_says_what_it_does() -> None:
    for path in setting_paths():
        assert _field(path).description, path


def test_the_page_names_every_secret() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for path in SECRETS:
        assert f"`{variable(path)}_FILE`" in text


def _table() -> list[str]:
    return [HEAD, "|--|--|--|--|", *(_row(path, _field(path)) for path in setting_paths())]


def _row(path: tuple[str, ...], field: FieldInfo) -> str:
    effect, _, default = " ".join((field.description or "").split()).partition(" Default: ")
    return (
        f"| `{'.'.join(path)}` | `{variable(path)}` | {default.rstrip('.') or _default(field)} | {effect} |"
    )


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined or value is None or value == ():
        return "none"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _field(path: tuple[str, ...]) -> FieldInfo:
    model: type[BaseModel] = Settings
    for name in path[:-1]:
        kind = model.model_fields[name].annotation
        assert isinstance(kind, type)
        assert issubclass(kind, BaseModel)
        model = kind
    return model.model_fields[path[-1]]


def _written(text: str) -> list[str]:
    lines = text.splitlines()
    start = lines.index(HEAD)
    end = next((n for n in range(start, len(lines)) if not lines[n].startswith("|")), len(lines))
    return lines[start:end]


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace("\n".join(_written(page)), "\n".join(_table())), encoding="utf-8")
