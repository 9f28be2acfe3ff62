"""A planned run as plain data, for ``reprise plan --json``; docs/statistics.md lists it."""

from typing import Any

from reprise.domain.backend import Unfit
from reprise.domain.leasing.bill import quote_object
from reprise.domain.leasing.quote import Estimate
from reprise.domain.planned_run import RunPlan


def run_object(plan: RunPlan) -> dict[str, Any]:
    run, pins, python = plan.spec.run, plan.here.pins, plan.here.python
    return {
        "command": list(run.command),
        "workdir": run.workdir,
        "seed": {"arg": run.seed.arg, "env": run.seed.env, "value": run.seed.value} if run.seed else None,
        "executions": {
            "trials": plan.spec.n,
            "probe": plan.probe,
            "controls": plan.controls,
            "most": plan.most_executions,
        },
        "pins": {"lock": pins.lock, "sha256": pins.sha256, "weak": pins.weak} if pins else None,
        "python": {"request": python[0], "source": python[1]} if python else None,
        "seconds": _seconds(plan),
        "needs": _needs(plan),
        "cost": quote_object(plan.quoted) if isinstance(plan.quoted, Estimate) else None,
        "backend": None if isinstance(plan.backend, Unfit) else plan.backend,
        "data": [{"path": each.file.path, "standing": each.standing.value} for each in plan.here.inputs],
        "missing": list(plan.missing),
        "dockerfile": plan.here.dockerfile,
    }


def _seconds(plan: RunPlan) -> dict[str, Any]:
    expected, basis = plan.expected or (None, None)
    return {
        "timeout": plan.spec.run.timeout.total_seconds(),
        "most": plan.most_seconds,
        "expected": expected,
        "basis": basis,
    }


def _needs(plan: RunPlan) -> dict[str, Any]:
    resources = plan.spec.resources
    return {
        "cpus": resources.cpus,
        "memory_bytes": resources.memory_bytes,
        "gpus": resources.gpus,
        "node_types": list(resources.node_types),
        "network": plan.spec.environment.network.value,
    }
