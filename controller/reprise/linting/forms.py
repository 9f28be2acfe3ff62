"""How findings are told. Apart from the rest, so that the command line knows the names without loading it."""

from enum import Enum


class Form(Enum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
