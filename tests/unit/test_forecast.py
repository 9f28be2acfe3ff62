import pytest

from reprise.domain.forecast import about, forecast, usual_seconds
from reprise.domain.run import Phase


def test_the_usual_duration_is_the_median_and_unknown_without_earlier_runs() -> None:
    assert usual_seconds([]) is None
    assert usual_seconds([100.0, 9000.0, 120.0]) == 120.0


@pytest.mark.parametrize(
    ("phase", "usual", "elapsed", "said"),
    [
        (Phase.QUEUED, 180.0, 0.0, "takes about 3 min once it starts"),
        (Phase.RUNNING, 180.0, 60.0, "about 2 min left"),
        (Phase.RUNNING, 180.0, 200.0, "longer than usual (about 3 min)"),
        (Phase.RUNNING, None, 60.0, ""),
        (Phase.DONE, 180.0, 60.0, ""),
    ],
)
def test_a_forecast_says_what_is_left_or_nothing(
    phase: Phase, usual: float | None, elapsed: float, said: str
) -> None:
    assert forecast(phase, usual, elapsed) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "about 10 s"), (44, "about 40 s"), (56, "about 1 min"), (190, "about 3 min"), (7000, "about 2 h")],
)
def test_a_forecast_is_no_more_precise_than_it_can_be(seconds: float, said: str) -> None:
    assert about(seconds) == said
