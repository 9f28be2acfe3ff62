"""Two thousand invented histories of leased runs: see `tests.leasing.histories` for what has to hold."""

import structlog
from hypothesis import HealthCheck, given, settings
from tests.leasing.histories import Act, Step, Tally, histories, live

HISTORIES = 2000


def test_no_history_leaks_doubles_or_miscounts_a_lease() -> None:
    tally = Tally()

    @settings(
        max_examples=HISTORIES,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(steps=histories())
    def history(steps: list[Step]) -> None:
        live(steps, tally)

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    history()
    print(f"\n{tally}")
    assert tally.histories >= HISTORIES
    assert all(tally.acts[act] >= 100 for act in Act)
    assert tally.ends["node"] >= 100
    assert tally.leases >= HISTORIES / 2
    assert tally.checked >= HISTORIES / 2
