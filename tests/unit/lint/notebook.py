"""Notebooks as Jupyter writes them."""

import json
from collections.abc import Sequence
from typing import Any


def notebook(
    *cells: str | tuple[str, int | None], python: str = "3.11.9", indent: int | None = 1, outputs: bool = True
) -> str:
    """Code cells, with their place in the order of execution; without one they were not executed."""
    content: dict[str, Any] = {
        "cells": [_cell(*(each if isinstance(each, tuple) else (each, None)), outputs) for each in cells],
        "metadata": {"language_info": {"name": "python", "version": python}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=indent, sort_keys=True) + "\n"


def line_of(text: str, part: str) -> int:
    """From 1."""
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def _cell(source: str, count: int | None, outputs: bool) -> dict[str, Any]:
    shown: Sequence[object] = [{"name": "stdout", "output_type": "stream", "text": ["import random\n"]}]
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {},
        "outputs": shown if outputs and count is not None else [],
        "source": source.splitlines(keepends=True),
    }
