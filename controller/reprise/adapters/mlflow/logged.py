"""Reads the models and datasets that a job logged with ``mlflow.*`` from the files of MLflow's file store.

Layout: ``<experiment>/models/<id>/{meta.yaml,params/…,tags/…,metrics/…,artifacts/…}``,
``<experiment>/datasets/<id>/meta.yaml``, and in a run ``inputs/<link>/meta.yaml`` and
``outputs/<model>/meta.yaml``.
The files are a stranger's: every look is bounded, and a link counts only when what it names is there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reprise.adapters.mlflow.bounded import Bounded, Metric, is_folder, whole
from reprise.domain.spec import document
from reprise.domain.spec.problems import Problems

META = "meta.yaml"
ARTIFACTS = "artifacts"
MAX_MODELS = 1_000
MAX_DATASETS = 1_000
_READY = "2"
"""The file store's number for a model that is complete."""


@dataclass(frozen=True, slots=True)
class StoredDataset:
    """A dataset as a run used it. Its digest covers what MLflow chose to look at: no check of integrity."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str
    profile: str
    tags: dict[str, str]
    """Of the use, e.g. ``mlflow.data.context``."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    id: str
    """Its folder's name."""
    folder: Path
    name: str
    model_type: str
    ready: bool
    source_run: str
    """The id of the job's run that made it."""
    step: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)


def read_models(reader: Bounded, experiment: Path, steps: Mapping[str, int]) -> Iterator[StoredModel]:
    """Of one experiment, by id. ``steps``: model → the step at which a run said that it made it."""
    for folder in reader.folders(experiment / "models"):
        meta = _meta(reader, folder)
        if "model_id" not in meta or meta.get("lifecycle_stage", "active") != "active":
            continue
        yield StoredModel(
            id=folder.name,
            folder=folder,
            name=meta.get("name", ""),
            model_type=meta.get("model_type", ""),
            ready=meta.get("status") == _READY,
            source_run=meta.get("source_run_id", ""),
            step=steps.get(folder.name, 0),
            params=reader.texts(folder / "params"),
            tags=reader.texts(folder / "tags"),
            metrics=reader.metrics(folder / "metrics"),
        )


def read_datasets(reader: Bounded, run: Path) -> Iterator[StoredDataset]:
    """What a run says that it used, of its own experiment."""
    for link in reader.folders(run / "inputs"):
        said = _node(reader, link)
        meta = _texts(said)
        if meta.get("source_type") != "DATASET" or "/" in (name := meta.get("source_id", "")) or not name:
            continue
        found = _meta(reader, run.parent / "datasets" / name)
        if "name" in found and "digest" in found:
            yield StoredDataset(
                found["name"],
                found["digest"],
                found.get("source_type", ""),
                found.get("source", ""),
                found.get("schema", ""),
                found.get("profile", ""),
                _texts(said.get("tags")),
            )


def output_steps(reader: Bounded, run: Path) -> dict[str, int]:
    """model → the step at which this run made it."""
    found = ((folder.name, _meta(reader, folder)) for folder in reader.folders(run / "outputs"))
    return {name: whole(meta.get("step"), 0) for name, meta in found}


def _meta(reader: Bounded, folder: Path) -> dict[str, str]:
    return _texts(_node(reader, folder))


def _node(reader: Bounded, folder: Path) -> Mapping[str, document.Node]:
    """The keys of a ``meta.yaml``; none when it is not there or is no YAML that MLflow writes."""
    if not (is_folder(folder.parent) and is_folder(folder) and reader.exists(folder / META)):
        return {}
    root = document.read_document(reader.text(folder / META).encode(), Problems(META))
    entries = root.entries if isinstance(root, document.Mapping) else {}
    return {key: node for key, (_, node) in entries.items()}


def _texts(node: object) -> dict[str, str]:
    """The scalars of a mapping; what is null is left out."""
    if isinstance(node, document.Mapping):
        node = {key: value for key, (_, value) in node.entries.items()}
    if not isinstance(node, Mapping):
        return {}
    return {
        key: value.text
        for key, value in node.items()
        if isinstance(value, document.Scalar) and not value.is_nothing
    }
