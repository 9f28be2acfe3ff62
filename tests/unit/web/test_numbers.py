"""A run's page has the numbers and the suspects that its report has."""

import json
import re
from dataclasses import replace

from tests.unit.verdict.build import claim, series, spec
from tests.unit.web import runs as make
from tests.unit.web.site import Site

from reprise.domain.run import RunId
from reprise.domain.spec.model import Distribution
from reprise.domain.statistics import sample
from reprise.domain.verdict import judge
from reprise.store import runs

VALUES = (0.9232, 0.9177, 0.9255, 0.9210, 0.9266)
SEEDS = (0.9210, 0.9199, 0.9244, 0.9221, 0.9288)
HOSTILE = "<script>alert(1)</script>"


def recorded(site: Site, run_id: RunId, architecture: str) -> None:
    record = {"blas": [{"library": "openblas", "architecture": architecture}]}
    path = site.world.folders.trial(run_id, 0, 1) / "environment.json"
    path.write_text(json.dumps(record), encoding="utf-8")


async def page_of(site: Site, run_id: str) -> tuple[str, str]:
    """The page, and what is read of it."""
    async with site.client() as client:
        page = (await client.get(f"/runs/{run_id}")).text
    return page, " ".join(re.sub(r"<[^>]*>", "", page).split())


async def test_a_distribution_shows_counts_interval_margin_and_every_value(site: Site) -> None:
    run_id = make.running(site)
    results = series(*VALUES)
    with site.store.write() as connection:
        for result in results:
            plan = replace(result.plan, seed=7) if result.plan.index == 0 else result.plan
            if result.plan.index:
                runs.begin_trial(connection, run_id, plan, 1, site.clock.now())
            runs.end_trial(connection, run_id, plan, 1, result=replace(result, plan=plan), lost=None)
    what = spec(claim("0.9232", Distribution(0.01), per_seed="seeds.json"), n=5, self_repeat=False)
    make.finish(site, run_id, judge(what, results, published={"accuracy": sample(SEEDS)}))
    _, text = await page_of(site, "r1")
    assert "0.9232 (m=5) 0.9228 (n=5)" in text
    assert "−0.000440 ± 0.004176difference −0.004616 to +0.003736 (90 % interval)" in text
    assert "accuracy: the margin is 2.8 times the standard deviation of the 5 values and 100 units" in text
    assert "0.9232, 0.9177, 0.9255, 0.921, 0.9266; mean 0.9228, standard deviation 0.003576" in text


async def test_a_miss_is_explained_by_what_differs_from_the_run_that_reproduced(site: Site) -> None:
    recorded(site, make.ended(site, make.REPRODUCED, "r1"), "Haswell")
    recorded(site, make.ended(site, make.NOT_REPRODUCED, "r2"), f"Zen {HOSTILE} **x**")
    page, text = await page_of(site, "r2")
    assert "Why it may differ Compared with run r1" in text
    assert "1. BLAS kernel: blas.openblas.architecture Haswell → Zen &lt;script&gt;" in text
    assert "**x**</code>" in page
    assert "<script" not in page
    assert "Why it may differ" not in (await page_of(site, "r1"))[1]


async def test_without_anything_to_compare_with_it_says_what_to_commit(site: Site) -> None:
    recorded(site, make.ended(site, make.NOT_REPRODUCED), "Haswell")
    page, _ = await page_of(site, "r1")
    assert "<code>reference: {environment: results/environment.json}</code>" in page
