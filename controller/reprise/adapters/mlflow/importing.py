"""Brings models and datasets that the job logged into MLflow, beside the run that made or used them.

Like runs, models are found again by their tags, so that a recording that was cut off is completed and none
is made twice.
"""

from dataclasses import dataclass, field

from reprise.adapters.mlflow import artifacts
from reprise.adapters.mlflow.client import Client, Found
from reprise.adapters.mlflow.logged import ARTIFACTS, StoredDataset, StoredModel
from reprise.adapters.mlflow.made import dataset_content, model_content
from reprise.domain.run import RunId

RUN_ID = "reprise.run_id"
TRIAL = "reprise.trial"
JOB_MODEL = "reprise.job_model"
COMPLETE = "reprise.complete"

Key = tuple[str, str]
"""Trial and the job's own id of the model."""


@dataclass
class Importing:
    """What the jobs of one run logged, on its way into MLflow."""

    client: Client
    experiment: str
    run_id: RunId
    left_out: list[str] = field(default_factory=list)
    _known: dict[Key, Found] | None = None
    _kept: set[str] = field(default_factory=set)

    def model(self, stored: StoredModel, trial: str, source: str) -> None:
        """``source``: the run that made it, as MLflow calls it."""
        told = model_content(stored)
        key = {RUN_ID: self.run_id, TRIAL: trial, JOB_MODEL: stored.id}
        found = self._find().get((trial, stored.id))
        if found is None:
            found = self.client.create_model(self.experiment, source, told, key)
        self._kept.add(found.id)
        if COMPLETE in found.tags:
            return
        choice = artifacts.choose(stored.folder / ARTIFACTS)
        for file, path in choice.files:
            self.client.log_model_file(found.id, file, path)
        self.left_out += choice.left_out
        self.client.finish_model(found.id, source, told)
        self.client.tag_model(found.id, {COMPLETE: "true"})

    def datasets(self, stored: tuple[StoredDataset, ...], used_by: str) -> None:
        if stored:
            self.client.log_datasets(used_by, [dataset_content(each) for each in stored])

    def told(self) -> list[str]:
        """What was left out since this was last asked."""
        said, self.left_out = self.left_out, []
        return said

    def remove_strays(self) -> None:
        """A create whose answer was lost may have made a second one."""
        if not self._kept:
            return
        for model in self.client.find_models(self.experiment, RUN_ID, self.run_id):
            if model.id not in self._kept:
                self.client.delete_model(model.id)

    def _find(self) -> dict[Key, Found]:
        """Asked for once, and only when a job logged a model. Of several with one key, the complete one."""
        if self._known is None:
            models = self.client.find_models(self.experiment, RUN_ID, self.run_id)
            models.sort(key=lambda model: (COMPLETE not in model.tags, model.id))
            self._known = {}
            for model in models:
                self._known.setdefault((model.tags.get(TRIAL, ""), model.tags.get(JOB_MODEL, "")), model)
        return self._known
