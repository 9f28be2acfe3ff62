"""What MLflow is told about models and datasets that the job itself logged. Pure; used by `importing`.

Names and values are made to fit and never refused; tags are a stranger's, so none may pass for one of ours.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from reprise.adapters.mlflow.content import Point, fitted_points, strangers_tags
from reprise.adapters.mlflow.logged import StoredDataset, StoredModel
from reprise.adapters.mlflow.names import MAX_NAME, MAX_PARAM, MAX_TAG, fit_names, fit_text

MAX_DIGEST = 36
MAX_DATASET_NAME = 500
MAX_SCHEMA = 60_000
"""Characters; MLflow takes a million, in all datasets of one request together."""
_FORBIDDEN = re.compile(r"""[/:.%"']""")
"""In a model's name."""
_FIRST = "m"
_KEPT_INPUT_TAGS = ("mlflow.data.context",)


@dataclass(frozen=True, slots=True)
class ModelContent:
    name: str
    model_type: str
    ready: bool
    step: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetContent:
    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None
    profile: str | None
    tags: dict[str, str]


def model_content(model: StoredModel) -> ModelContent:
    points = (
        Point(name, value, at_ms, step)
        for name, values in model.metrics.items()
        for at_ms, value, step in values
    )
    return ModelContent(
        name=fit_text(_FORBIDDEN.sub("_", model.name), MAX_NAME) or _FIRST,
        model_type=fit_text(model.model_type, MAX_NAME),
        ready=model.ready,
        step=model.step,
        params=_fitted(model.params, MAX_PARAM),
        tags=_fitted(strangers_tags(model.tags), MAX_TAG),
        points=fitted_points(points),
    )


def dataset_content(dataset: StoredDataset) -> DatasetContent:
    kept = {name: dataset.tags[name] for name in _KEPT_INPUT_TAGS if name in dataset.tags}
    return DatasetContent(
        name=fit_text(dataset.name, MAX_DATASET_NAME) or "dataset",
        digest=fit_text(dataset.digest, MAX_DIGEST) or "none",
        source_type=fit_text(dataset.source_type, MAX_DIGEST) or "unknown",
        source=fit_text(dataset.source, MAX_SCHEMA) or "unknown",
        schema=fit_text(dataset.schema, MAX_SCHEMA) or None,
        profile=fit_text(dataset.profile, MAX_SCHEMA) or None,
        tags={**_fitted(strangers_tags(dataset.tags), MAX_NAME), **_fitted(kept, MAX_NAME)},
    )


def _fitted(values: dict[str, Any], limit: int) -> dict[str, str]:
    names = fit_names(values)
    return {names[name]: fit_text(str(value), limit) for name, value in values.items()}
