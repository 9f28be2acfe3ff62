"""What each template is answered with, as it was when it was written."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recorded:
    verdict: str
    level: str | None
    exit_code: int
    claims: dict[str, float]
    """What each claim got; to 1e-8 of it."""


RECORDED = {
    "blank": Recorded("not_judged", None, 0, {}),
    "numerics": Recorded(
        "reproduced",
        "C",
        0,
        {
            "intercept": -3482258.63459582,
            "deflator": 15.0618722713733,
            "gnp": -0.0358191792925910,
            "unemployed": -2.02022980381683,
            "armed-forces": -1.03322686717359,
            "population": -0.0511041056535807,
            "year": 1829.15146461355,
            "residual-sd": 304.854073561965,
            "r-squared": 0.995479004577296,
        },
    ),
    "science-tabular": Recorded("reproduced", "B", 0, {"lda": 100 * 176 / 178, "qda": 100 * 177 / 178}),
}
