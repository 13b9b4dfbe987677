"""Half an hour of experiments played at random in a real window: no growth, no stall, and nothing is left.

`pytest -m soak tests/breaking` runs it, under Xvfb or on a screen; WATCHGLASS_SOAK_MINUTES makes it shorter.
`python -m tests.breaking.test_soak MINUTES` prints what it measured.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from lab.catalogue import Catalogue
from lab.pace import FLAT_OUT
from tests.bench.measure import opened, spin, wait
from tests.breaking.measured import Gaps, Size, told_by
from widgets.window import Window

MINUTES = float(os.environ.get("WATCHGLASS_SOAK_MINUTES", "30"))
WARM = 0.4  # the part of the time after which nothing more may grow
CATALOGUE = Catalogue()


def visit(window: Window, rng: random.Random, gaps: Gaps, name: str) -> None:
    """Open one, play it at some pace, and do what a person does meanwhile."""
    gaps.doing = f"opening {name}"
    window.open_experiment(name, None, rng.randrange(100))
    wait(lambda: window.frame is not None and window.frame.name == name, 120)
    gaps.doing = f"showing {name}"
    spin(0.3)
    gaps.doing = f"playing {name}"
    window.engine.set_speed(rng.choice((30.0, FLAT_OUT)))
    window.engine.play()
    spin(rng.uniform(0.5, 2.0))
    for button in rng.sample(("play", "step", "back", "undo", "redo", "restart", "home", "end"), 3):
        gaps.doing = f"{button} in {name}"
        window.press(button)
        spin(0.1)
    window.engine.pause()


def main(minutes: float) -> None:
    rng, began = random.Random(11), monotonic()
    every = list(CATALOGUE.entries)
    names = rng.sample(every, min(len(every), max(4, int(8 * minutes))))  # so few that each is open twice or more
    told: dict[str, Any] = {"visits": 0}
    round_: list[str] = []
    with opened(names[0]) as window:
        gaps = Gaps(window)
        while (past := (monotonic() - began) / 60) < minutes:
            if past > WARM * minutes and "before" not in told:
                visit(window, random.Random(0), gaps, names[0])
                told["before"] = Size().told()
                gaps.begin_again()
            round_ = round_ or rng.sample(names, len(names))
            visit(window, rng, gaps, round_.pop())
            told["visits"] += 1
        visit(window, random.Random(0), gaps, names[0])
        told["stalls"], told["longest"] = list(gaps.over), (gaps.longest, gaps.during)  # before it measures again
        told["after"] = Size().told()
    print(json.dumps(told))


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 300)
def test_half_an_hour_of_play_neither_grows_nor_stalls(tmp_path: Path) -> None:
    screen = {name: os.environ.get(name, "") for name in ("DISPLAY", "QT_QPA_PLATFORM", "WAYLAND_DISPLAY")}
    told = told_by("test_soak", str(MINUTES), home=tmp_path, timeout=MINUTES * 60 + 240, **screen)
    print(json.dumps(told))
    before, after = told["before"], told["after"]
    assert after["megabytes"] < 1.05 * before["megabytes"], told
    assert after["threads"] <= before["threads"], told
    assert after["windows"] <= before["windows"], told
    assert told["stalls"] == [], told


if __name__ == "__main__":
    main(float(sys.argv[1]))
