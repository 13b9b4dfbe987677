"""A thousand switches of experiment in one window: it grows in memory by less than 5 %, in threads and windows by none.

`python -m tests.breaking.test_switches 60 20` prints its sizes after 20 switches and after 60.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

from lab.catalogue import Catalogue
from lab.pace import FLAT_OUT
from tests.bench.measure import opened, spin, wait
from tests.breaking.measured import Size, told_by
from widgets.window import Window

CATALOGUE = Catalogue()


def switch(window: Window, rng: random.Random, name: str) -> None:
    """Open an experiment while the last one still trains, and let it train in its turn."""
    window.open_experiment(name, dict(CATALOGUE.load(name).tiny), rng.randrange(1000))
    wait(lambda: window.frame is not None and window.frame.name == name and window.kind is not None)
    window.engine.set_speed(FLAT_OUT)
    window.engine.play()
    spin(rng.random() * 0.04)


def main(switches: int, warm: int, kinds: int) -> None:
    """Every experiment comes up equally often, in an order that is never twice the same."""
    rng, names = random.Random(7), list(CATALOGUE.entries)[:kinds]
    round_: list[str] = []
    sizes = []
    with opened(names[0]) as window:
        for done in range(1, switches + 1):
            round_ = round_ or rng.sample(names, len(names))
            switch(window, rng, round_.pop())
            if done in (warm, switches):
                switch(window, rng, names[0])  # that what is open is no part of the difference
                window.engine.pause()
                spin(0.5)
                sizes.append(Size().told())
        assert not window.banner.isVisible(), window.banner.text.text()
    print(json.dumps(sizes))


@pytest.mark.parametrize(
    ("switches", "warm", "kinds"),
    [
        (60, 20, 6),
        pytest.param(300, 100, 100, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
        pytest.param(1000, 100, 100, marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
    ],
)
def test_switches_leave_no_memory_no_threads_and_no_windows(
    tmp_path: Path, switches: int, warm: int, kinds: int
) -> None:
    before, after = told_by(
        "test_switches", str(switches), str(warm), str(kinds), home=tmp_path, timeout=1.5 * switches + 20
    )
    assert after["megabytes"] < 1.05 * before["megabytes"], (before, after)
    assert after["threads"] <= before["threads"], (before, after)
    assert after["windows"] <= before["windows"], (before, after)
    assert after["widgets"] <= 1.05 * before["widgets"], (before, after)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
