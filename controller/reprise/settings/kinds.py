"""What sections of settings are made of."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("this is no web address: write http://… or https://…")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
Seconds = Annotated[float, Field(gt=0, lt=10**8, allow_inf_nan=False)]


Days = Annotated[float, Field(ge=0, le=36_500, allow_inf_nan=False)]
Gigabytes = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
