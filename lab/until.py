"""What a run is to be played to: a step, its end, or a condition on a metric, as `loss < 0.1`."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

from lab.session import Session

CONDITION = re.compile(r"\s*(?P<metric>[^<>=]+?)\s*(?P<sign><=|>=|<|>|≤|≥)\s*(?P<value>\S+)\s*")
STEP = re.compile(r"\s*(?:(?:step|t)\s*=?\s*)?(?P<t>\d[\d ,_]*)\s*", re.IGNORECASE)
END = "the end"
MOST = 10**9


@dataclass(frozen=True)
class Until:
    """One of: a step t; a metric below or above a value; nothing but the run's own end."""

    t: int | None = None
    metric: str = ""
    below: bool = True
    value: float = math.nan

    def __str__(self) -> str:
        if self.t is not None:
            return f"step {self.t}"
        return f"{self.metric} {'<' if self.below else '>'} {self.value:g}" if self.metric else END

    def reached(self, session: Session) -> str:
        """A sentence once it has come; else nothing."""
        if self.t is not None:
            return f"Step {self.t} is reached." if session.t >= self.t else ""
        if not self.metric:
            return ""
        here = session.run.columns.row(session.t).get(self.metric, math.nan)
        if here < self.value if self.below else here > self.value:
            return f"At step {session.t} {self.metric} = {here:.4g}: {self} has come."
        return ""


def parsed(text: str, metrics: Collection[str]) -> Until:
    """What a person typed, or a ValueError that says what can be typed."""
    if text.strip().lower() in ("", "end", END, "converged", "convergence"):
        return Until()
    if found := STEP.fullmatch(text):
        t = int(re.sub(r"[ ,_]", "", found["t"]))
        if t > MOST:
            raise ValueError(f"a run is played to step {MOST:,} at most, not {t:,}")
        return Until(t=t)
    found = CONDITION.fullmatch(text)
    try:
        value = float(found["value"].replace("−", "-").replace(",", ".")) if found else math.nan
    except ValueError:
        value = math.nan
    if found is None or not math.isfinite(value):
        raise ValueError(f"type a step as 500, a condition as {next(iter(metrics), 'loss')} < 0.1, or “{END}”")
    if found["metric"] not in metrics:
        raise ValueError(f"there is no metric {found['metric']}; there are {', '.join(metrics)}")
    return Until(metric=found["metric"], below=found["sign"] in ("<", "<=", "≤"), value=value)
