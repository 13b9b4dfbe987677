"""The sweep: what its axes mean, that every cell has an outcome, that it can be stopped, and its command."""

from __future__ import annotations

import csv
import importlib.util
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from lab.__main__ import main
from lab.axes import axis, suggestion, sweepable
from lab.catalogue import Catalogue
from lab.experiment import Experiment
from lab.session import Session
from lab.sweep import Cell, Grid, Outcome, Sweep, as_csv, bands, best, held, train
from tests.lab.toys import Fragile, Slow, Walk

ROOT = Path(__file__).resolve().parent.parent.parent
K_MEANS = Catalogue().load("k-means")
NETWORK = Catalogue().load("neural-network")
HAS_DASK = importlib.util.find_spec("distributed") is not None


class Hanging(Slow):
    """A step that takes as long as it is told, and measures."""

    name = "hanging"
    metrics = {"loss": "J"}


class Deadly(Experiment):
    """The process that steps it dies."""

    name = "deadly"
    metrics = {"loss": "J"}

    def step(self) -> None:
        os._exit(3)


class TestAxis:
    def test_a_range_of_whole_numbers_holds_both_ends(self) -> None:
        assert axis(K_MEANS, "k=1:12").values == tuple(range(1, 13))
        assert axis(K_MEANS, "seed=0:9").values == tuple(range(10))

    def test_a_count_can_be_spread_over_its_range(self) -> None:
        assert axis(K_MEANS, "k=1:12:3").values == (1, 6, 12)
        assert axis(Walk, "seed=1:1000:4 log").values == (1, 10, 100, 1000)

    def test_a_list_of_numbers_keeps_its_order_and_drops_what_comes_twice(self) -> None:
        assert axis(Walk, "rate=0.1,0.03,0.1,1").values == (0.1, 0.03, 1.0)

    def test_equal_factors_lie_between_the_ends(self) -> None:
        found = axis(Walk, "rate=0.001:1:7 log")
        assert found.values == (0.001, 0.003162, 0.01, 0.03162, 0.1, 0.3162, 1.0)
        assert found.texts == ("0.001", "0.003162", "0.01", "0.03162", "0.1", "0.3162", "1")

    def test_equal_distances_lie_between_the_ends(self) -> None:
        assert axis(Walk, "rate=0:1:5").values == (0.0, 0.25, 0.5, 0.75, 1.0)

    def test_options_are_named_and_may_hold_commas_themselves(self) -> None:
        assert axis(Walk, "sign=minus, plus").values == ("minus", "plus")
        wells = Catalogue().load("annealing:cooling")
        given = "landscape=three wells, one lowest,annealing well"
        assert axis(wells, given).values == ("three wells, one lowest", "annealing well")

    def test_whatever_else_is_a_list_in_json(self) -> None:
        found = axis(NETWORK, "layers=[[4],[8,8]]")
        assert [[row.units for row in value] for value in found.values] == [[4], [8, 8]]
        assert found.texts == ("[4]", "[8, 8]")

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("k", "name a control and its values"),
            ("z=1:3", "has no control z; it has"),
            ("k=1:13", "k must be a whole number from 1 to 12, not 13"),
            ("k=1.5:3", "k must be a whole number from 1 to 12, not 1.5"),
            ("k=three", 'k must be a whole number from 1 to 12, not "three"'),
            ("k=5:1", "from a lower to a higher number"),
            ("k=1:2:3:4", "write LOW:HIGH:HOW MANY"),
            ("k=a:b", "write LOW:HIGH:HOW MANY"),
            ("k=1:1e999", "write LOW:HIGH:HOW MANY"),
            ("begin=upside down", "begin must be one of"),
            ("seed=-1:3", "seed must be a whole number from 0 to 4294967295, not -1"),
            ("k=[1,", "is not a list of values in JSON"),
        ],
    )
    def test_a_bad_axis_is_refused_in_a_sentence(self, given: str, said: str) -> None:
        with pytest.raises(ValueError, match=re.escape(said)) as refused:
            axis(K_MEANS, given)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("rate=0.1:1", "say how many values, as 0.1:1:7"),
            ("rate=0:1:7 log", "equal factors need numbers above 0"),
            ("zoom=1,2", "zoom changes pictures only"),
        ],
    )
    def test_a_slider_needs_to_be_told_more(self, given: str, said: str) -> None:
        with pytest.raises(ValueError, match=said):
            axis(Walk, given)

    def test_the_seed_is_no_axis_where_it_makes_no_difference(self) -> None:
        plain = next(kind for kind in map(Catalogue().load, Catalogue().entries) if not kind.random)
        with pytest.raises(ValueError, match="the seed makes no difference"):
            sweepable(plain, "seed")

    @pytest.mark.parametrize("name", [name for name in Catalogue().entries if ":" not in name])
    def test_what_is_suggested_for_a_control_is_an_axis(self, name: str) -> None:
        kind = Catalogue().load(name)
        suggested = {n: suggestion(c) for n, c in kind.controls.items() if not c.view}
        assert all(len(axis(kind, f"{n}={said}").values) >= 1 for n, said in suggested.items() if said)


class TestGrid:
    def test_cells_are_all_combinations_upon_the_same_settings(self) -> None:
        grid = Grid(Walk, (axis(Walk, "rate=0.1,0.2"), axis(Walk, "seed=3:5")), 9, {"noise": 0.5})
        cells = list(grid.cells())
        assert grid.shape == (2, 3)
        assert grid.whole == len(cells) == 6
        assert cells[4] == Cell((1, 1), 4, {"noise": 0.5, "rate": 0.2})
        assert grid.said((1, 1)) == "rate = 0.2, seed = 4"

    @pytest.mark.parametrize(
        ("axes", "steps", "said"),
        [
            ([], 9, "sweep over one or two controls, and seed"),
            (["k=1:2", "k=3:4"], 9, "each control can be swept once"),
            (["k=1:2", "begin=by hand", "points=blobs"], 9, "sweep over one or two controls"),
            (["k=1:2"], 0, "steps must be a whole number from 1 to 1000000, not 0"),
            (["k=1:12", "seed=0:999"], 9, "at most 10000 runs fit into one sweep, not 12000"),
        ],
    )
    def test_a_grid_that_cannot_be_run_is_refused(self, axes: list[str], steps: int, said: str) -> None:
        with pytest.raises(ValueError, match=said):
            Grid(K_MEANS, tuple(axis(K_MEANS, text) for text in axes), steps)

    def test_what_has_no_steps_cannot_be_swept(self) -> None:
        still = next(kind for kind in map(Catalogue().load, Catalogue().entries) if kind.explores())
        with pytest.raises(ValueError, match="has no steps"):
            Grid(still, (axis(K_MEANS, "seed=0:2"),), 5)


class TestTrain:
    def test_a_run_of_its_own_ends_as_in_a_session(self) -> None:
        session = Session(Walk, {"rate": 0.3}, seed=4)
        session.seek(400)
        loss = session.run.columns.views()["loss"]
        one = train(Walk, "walk", {"rate": 0.3}, Cell((2,), 4, {}), 400, False)
        assert (one.at, one.seed, one.steps, one.ended, one.said) == ((2,), 4, 400, "all steps done", "")
        assert one.final == {"loss": loss[-1]}
        assert one.best == {"loss": loss.min()}
        assert len(one.times) == 256
        assert (one.times[0], one.times[-1]) == (0, 400)
        assert np.array_equal(one.columns["loss"], loss[one.times])

    def test_one_that_diverges_stops_there_and_says_so(self) -> None:
        one = train(Fragile, "fragile", {"fault": "nan"}, Cell((0,), 0, {}), 50, False)
        assert (one.steps, one.ended) == (2, "diverged")
        assert one.said.startswith("At step 2 loss is no longer a finite number. ")
        assert one.final == {"loss": math.inf}
        assert one.best == {"loss": 1.0}

    def test_one_whose_step_raises_keeps_what_it_had(self) -> None:
        one = train(Fragile, "fragile", {"fault": "raise"}, Cell((0,), 0, {}), 50, False)
        assert (one.steps, one.ended, one.said) == (3, "failed", "At step 4: the fourth step fails")
        assert one.final == {"loss": 1.0}

    def test_one_that_cannot_begin_says_why(self) -> None:
        one = train(Walk, "walk", {"length": 5, "sign": "minus"}, Cell((0,), 0, {}), 50, False)
        assert (one.steps, one.ended, one.said) == (0, "failed", "length: five dimensions go up only")
        assert one.final == {}

    def test_paths_and_territories_come_only_if_asked_for(self) -> None:
        plain = {"k": 3}
        bare, looked = (train(K_MEANS, "k-means", plain, Cell((0,), 1, {}), 4, looks) for looks in (False, True))
        assert not bare.trails
        assert not bare.territories
        assert looked.trails["centres"].places.shape == (5, 3, 2)
        assert len(np.unique(looked.territories["territory"].z)) == 3


def test_what_is_measured_now_and_then_holds_until_it_is_measured_again() -> None:
    given = np.array([math.nan, 4.0, math.nan, math.nan, 2.0, math.nan])
    assert np.array_equal(held(given), [math.nan, 4, 4, 4, 2, 2], equal_nan=True)


def test_the_best_is_the_lowest_of_a_loss_and_the_highest_of_an_accuracy() -> None:
    given = np.array([3.0, 1.0, 2.0, math.inf])
    assert [best(name, given) for name in ("loss", "test_accuracy", "validation fit")] == [1.0, 3.0, 3.0]


def test_bands_are_quantiles_over_runs_and_a_run_that_is_over_stays() -> None:
    runs = [
        Outcome((0,), 0, 2, "", "", times=np.array([0, 1, 2]), columns={"loss": np.array([4.0, 2.0, 0.0])}),
        Outcome((1,), 1, 1, "", "", times=np.array([0, 1]), columns={"loss": np.array([8.0, 6.0])}),
        Outcome((2,), 2, 0, "failed", "it fails"),
    ]
    times, (low, middle, high) = bands(runs, "loss", (0, 0.5, 1))
    assert times.tolist() == [0, 1, 2]
    assert (low.tolist(), middle.tolist(), high.tolist()) == ([4, 2, 0], [6, 4, 3], [8, 6, 6])


class TestSweep:
    def test_every_cell_is_run_in_processes_that_hold_no_qt(self) -> None:
        sweep = Sweep(Grid(Fragile, (axis(Fragile, "fault=raise,nan,none"),), 6), workers=2)
        seen, children = [], set()
        for one in sweep.run():
            seen.append(one.at)
            children |= set(psutil.Process().children())
            maps = [m.path for child in children if child.is_running() for m in child.memory_maps()]
            assert maps
            assert not [path for path in maps if "PySide6" in path or "Qt6" in path]
        assert sorted(seen) == [(0,), (1,), (2,)]
        assert [sweep.outcomes[i,].ended for i in range(3)] == ["failed", "diverged", "all steps done"]
        assert sweep.left() == 0
        rows = list(csv.reader(as_csv(sweep, "loss").splitlines()))
        assert rows[0] == ["fault", "steps", "loss", "best loss", "ended", "reason"]
        assert rows[1] == ["raise", "3", "1.0", "1.0", "failed", "At step 4: the fourth step fails"]
        assert rows[2][:5] == ["nan", "2", "inf", "1.0", "diverged"]
        assert rows[3] == ["none", "6", "1.0", "1.0", "all steps done", ""]

    def test_cancelling_ends_a_step_that_would_take_minutes(self) -> None:
        sweep = Sweep(Grid(Hanging, (axis(Hanging, "seconds=0,60"),), 1), workers=2)
        began = time.monotonic()
        for one in sweep.run():
            assert one.at == (0,)
            sweep.cancel()
        assert time.monotonic() - began < 20
        assert list(sweep.outcomes) == [(0,)]
        assert not [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]

    def test_a_process_that_dies_leaves_an_outcome_that_says_so(self) -> None:
        sweep = Sweep(Grid(Deadly, (axis(Deadly, "seed=1"),), 5), workers=1)
        (one,) = sweep.run()
        assert one.ended == "failed"
        assert one.said.startswith("The process that ran it was lost: ")

    def test_its_processes_end_when_the_program_is_killed(self) -> None:
        program = (
            "from lab.axes import axis\nfrom lab.sweep import Grid, Sweep\nfrom tests.lab.test_sweep import Hanging\n"
            "grid = Grid(Hanging, (axis(Hanging, 'seconds=0,60'),), 1)\n"
            "for one in Sweep(grid, workers=2).run(): print(1, flush=True)"
        )
        with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"1\n"
            children = [c for c in psutil.Process(parent.pid).children() if "spawn_main" in " ".join(c.cmdline())]
            parent.kill()
        assert len(children) == 2
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive

    def test_without_dask_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "distributed", None)
        sweep = Sweep(Grid(Walk, (axis(Walk, "seed=0:1"),), 5), dask="tcp://127.0.0.1:8786")
        with pytest.raises(ValueError, match=r'pip install "watchglass\[dask\]"'):
            list(sweep.run())

    @pytest.mark.skipif(not HAS_DASK, reason='Dask is not installed: pip install "watchglass[dask]"')
    def test_the_same_outcomes_come_from_a_dask_cluster(self) -> None:
        from distributed import LocalCluster

        grid = Grid(Walk, (axis(Walk, "rate=0.1,0.2"), axis(Walk, "seed=0:1")), 5)
        with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
            away = Sweep(grid, dask=cluster.scheduler_address)
            assert len(list(away.run())) == 4
        for cell in grid.cells():
            here = train(Walk, "walk", {"rate": cell.settings["rate"]}, cell, 5, False)
            assert away.outcomes[cell.at].final == here.final

    @pytest.mark.skipif(not HAS_DASK, reason='Dask is not installed: pip install "watchglass[dask]"')
    def test_the_command_sweeps_on_a_dask_cluster(self, tmp_path: Path) -> None:
        from distributed import LocalCluster

        words = ["sweep", "k-means", "--over", "k=2:3", "--steps", "20", "--metric", "loss", "--csv"]
        here, away = tmp_path / "here.csv", tmp_path / "away.csv"
        assert main([*words, str(here), "--workers", "1"]) == 0
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            assert main([*words, str(away), "--dask", cluster.scheduler_address]) == 0
        assert away.read_text() == here.read_text()


def test_the_command_writes_a_row_for_each_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "grid.csv"
    words = ["sweep", "k-means", "--over", "k=2:3", "--over", "seed=0:1", "--steps", "30", "--metric", "loss"]
    assert main([*words, "--set", "points=moons", "--workers", "2", "--csv", str(out)]) == 0
    assert capsys.readouterr().out == ""
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["k"], row["seed"]) for row in rows] == [("2", "0"), ("2", "1"), ("3", "0"), ("3", "1")]
    session = Session(K_MEANS, {"k": 3, "points": "moons"}, seed=1)
    session.seek(30)
    assert float(rows[3]["loss"]) == session.run.columns.row(session.t)["loss"]
    assert rows[3]["reason"] == session.finished


def test_what_is_done_is_kept_when_the_command_is_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(self: Sweep) -> Iterator[Outcome]:
        cell = next(self.grid.cells())
        self.outcomes[cell.at] = train(K_MEANS, "k-means", cell.settings, cell, 30, False)
        yield self.outcomes[cell.at]
        raise KeyboardInterrupt

    monkeypatch.setattr(Sweep, "run", stopped)
    assert main(["sweep", "k-means", "--over", "k=2:9", "--csv", str(tmp_path / "some.csv")]) == 130
    assert capsys.readouterr().err == "lab: stopped; 1 of 8 runs were done and are kept\n"
    assert (tmp_path / "some.csv").read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--over", "k=1:13"], "k must be a whole number from 1 to 12"),
        (["--over", "k=1:2", "--metric", "beauty"], "k-means has no metric beauty; it has loss"),
        (["--over", "k=1:2", "--csv", "/no/such/folder/out.csv"], "there is no folder /no/such/folder"),
        (["--over", "k=1:2", "--steps", "-5"], "steps must be a whole number from 1"),
        (["--over", "k=1:2", "--workers", "-1"], "--workers must be a whole number from 0"),
    ],
)
def test_bad_input_to_the_command_is_one_line_and_status_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", "k-means", *words]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
