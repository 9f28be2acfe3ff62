"""What `reprise plan` says where a machine would be leased: the cost, the lease, and what keeps it away."""

from datetime import timedelta
from pathlib import Path

import pytest

from reprise.domain.backend import PROCESS, Offer
from reprise.planning import as_object, plan_specs, render

LEASING = Offer("chameleon", True, True, True, sites=("CHI@UC", "CHI@TACC"), overhead=timedelta(minutes=30))
OFFERS = (Offer(PROCESS, gpus=True), LEASING)
SPEC = """\
version: 1
name: paper
run: {command: [python, train.py]}
resources: {gpus: 1, node_type: [gpu_rtx_6000, compute_liqid], duration: 2h}
"""


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    (tmp_path / "reprise.yaml").write_text(SPEC)
    (tmp_path / "train.py").touch()
    (tmp_path / "requirements.txt").touch()
    return tmp_path


def told(folder: Path, *offers: Offer) -> str:
    return " ".join(render(plan_specs(folder, offers=offers or OFFERS), suggesting=False).split())


def test_a_named_type_leads_to_the_backend_that_leases_and_to_its_price(paper: Path) -> None:
    said = told(paper)
    assert "1 GPU of gpu_rtx_6000 or compute_liqid, network fetch-only backend chameleon" in said
    assert (
        "cost about 5.0 SU (4.0 to 24.0) a lease of 3 h, which reserves 6.0 SU at least "
        "on one of gpu_rtx_6000, compute_liqid"
    ) in said
    assert "missing" not in said


def test_the_object_has_the_estimate(paper: Path) -> None:
    (experiment,) = as_object(plan_specs(paper, offers=OFFERS))["experiments"]
    cost = experiment["run"]["cost"]
    assert (cost["low_su"], cost["likely_su"], cost["high_su"], cost["lease_seconds"]) == (
        4.0,
        5.0,
        24.0,
        10800.0,
    )
    assert experiment["run"]["needs"]["node_types"] == ["gpu_rtx_6000", "compute_liqid"]


def test_a_backend_that_leases_nothing_is_not_for_it(paper: Path) -> None:
    said = told(paper, OFFERS[0])
    assert "backend none of this controller" in said
    assert "the backend process leases no machines: remove `resources.node_type`" in said


def test_what_the_policy_forbids_is_said_before(paper: Path) -> None:
    (paper / "reprise.yaml").write_text(f"{SPEC}policy: {{max_su_per_run: 5}}\n")
    assert "reserves at least 6.0 SU (gpu_rtx_6000 for 3 h), and the policy allows 5 SU per run" in told(
        paper
    )


def test_what_no_machine_has_is_said_before(paper: Path) -> None:
    (paper / "reprise.yaml").write_text(SPEC.replace("gpus: 1", "gpus: 4"))
    assert "No machine fits `resources`: gpu_rtx_6000 has 1 GPU; compute_liqid has 1 GPU" in told(paper)


def test_more_than_a_week_is_said_to_need_an_extension(paper: Path) -> None:
    (paper / "reprise.yaml").write_text(SPEC.replace("2h", "6d"))
    assert "12 h 30 min more may be needed than one lease can have; it can be extended once" in told(paper)
