"""The commands of both programs: what they print, and that bad input is one line and exit status 2."""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lab.__main__ import main

ROOT = Path(__file__).resolve().parent.parent
BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "pyqtgraph", "ziamath", "OpenGL", "shiboken6"):
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Blocked())
"""


def lab(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        status = main(list(words))
    except SystemExit as left:
        status = int(left.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


def app(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", *words],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_list_tells_every_experiment_with_its_controls_actions_and_topics(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = lab("list", "--json", capsys=capsys)
    rows = {row["name"]: row for row in json.loads(out)}
    assert status == 0
    k_means = rows["k-means"]
    assert k_means["wing"] == "Neighbours, trees, crowds"
    control = {control["name"]: control for control in k_means["controls"]}["k"]
    assert control == {
        "kind": "count",
        "name": "k",
        "label": "Centres",
        "default": 5,
        "range": [1, 12],
        "symbol": "k",
        "help": "number of centres",
        "restarts": True,
        "view": False,
    }
    assert k_means["actions"]["move_centre"] == {"index": "int", "x": "float", "y": "float"}
    assert k_means["metrics"]["loss"] == "J"
    assert all(row["topics"] for name, row in rows.items() if ":" not in name)


def test_list_without_json_imports_no_experiment() -> None:
    program = BLOCKED + (
        "from lab.__main__ import main; main(['list'])\n"
        "assert not [m for m in sys.modules if m.startswith('lab.experiments.')], sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "k-means" in done.stdout


def test_the_lab_works_where_no_qt_is_installed() -> None:
    program = BLOCKED + (
        "from lab.__main__ import main\n"
        "from lab.catalogue import Catalogue\n"
        "for name in Catalogue().entries:\n"
        "    assert main(['run', name, '--steps', '2', '--json']) == 0\n"
        "assert main(['list', '--json']) == 0\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('PySide6', 'pyqtgraph')]"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_run_prints_the_run_as_json_and_writes_csv_and_npz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "k-means", "--set", "k=3", "--set", "points=moons", "--seed", "7", "--steps", "6", "--json")
    files = ("--metrics", str(tmp_path / "m.csv"), "--frame", str(tmp_path / "f.npz"))
    status, out, _ = lab(*words, "--act", "2:move_centre:[0,4,4]", *files, capsys=capsys)
    told = json.loads(out)
    assert status == 0
    assert set(told) == {"name", "time", "finished", "metrics", "frame"}
    assert (told["name"], told["time"]) == ("k-means", 6)
    assert len(told["metrics"]["loss"]) == 7
    assert np.asarray(told["frame"]["centres"]).shape == (3, 2)
    with (tmp_path / "m.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["t"] for row in rows] == [str(t) for t in range(7)]
    assert [float(row["loss"]) for row in rows] == told["metrics"]["loss"]
    with np.load(tmp_path / "f.npz", allow_pickle=False) as arrays:
        assert arrays["centres"].tolist() == told["frame"]["centres"]


def test_numbers_that_are_not_finite_are_null(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "optimiser-race", "--set", 'racers=[{"method":"GD","rate":10}]', "--set", "surface=Rosenbrock")
    status, out, _ = lab(*words, "--steps", "30", "--json", capsys=capsys)
    told = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert status == 0
    assert None in told["metrics"]["loss/GD"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "no-such"), "no experiment"),
        (("run", "k-means", "--set", "k=99"), "k must be a whole number from 1 to 12"),
        (("run", "k-means", "--set", "k"), "NAME=VALUE"),
        (("run", "k-means", "--set", "depth=3"), "no control depth"),
        (("run", "k-means", "--seed", "x"), "--seed"),
        (("run", "k-means", "--steps", "-1"), "--steps"),
        (("run", "k-means", "--act", "5"), "STEP:ACTION:JSON"),
        (("run", "k-means", "--act", "5:fly:[1]"), "no action fly"),
        (("run", "k-means", "--act", "5:move_centre:[1"), "not JSON"),
        (("run", "k-means", "--act", "5:move_centre:[1]"), "move_centre takes"),
        (("run", "k-means", "--act", '5:set:["k",3]'), "give it with --set"),
        (("run", "k-means", "--act", "500:move_centre:[0,1,1]"), "after the last step"),
        (("run", "k-means", "--set", "points.n=3"), "no control points.n"),
        (("run", "k-means", "--set", "k=12", "--set", 'points={"n":5}'), "12 centres need 12 points"),
        (("run", "k-means", "--device", "cuda"), "CPU only"),
        (("run", "k-means", "--metrics", "/no/such/folder/m.csv"), "no folder"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = lab(*words, capsys=capsys)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_without_a_display_the_app_says_what_to_do() -> None:
    done = app(environment={"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""})
    assert done.returncode == 2
    assert "no display" in done.stderr
    assert "--picture" in done.stderr
    assert "xvfb-run" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="Qt brings its libraries with it elsewhere")
def test_missing_system_libraries_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    import app as program

    monkeypatch.setattr(program, "QT_LIBRARIES", {"libnosuch.so.9": "libnosuch9", "libc.so.6": "libc6"})
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    with pytest.raises(SystemExit) as left:
        program.check_display(picture=False)
    assert left.value.code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("no-such",), "no experiment"),
        (("k-means", "--set", "k=99"), "k must be"),
        (("--set", "k=3"), "needs the name"),
        (("--open", "missing.glass"), "no file missing.glass"),
        (("k-means", "--size", "wide", "--picture", "x.png"), "--size"),
        (("--picture", "x.png"), "needs the name"),
        (("k-means", "--picture", "/no/such/folder/x.png"), "no folder"),
    ],
)
def test_the_app_refuses_bad_input_in_one_line(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import app as program

    with pytest.raises(SystemExit) as left:
        program.main(list(words))
    err = capsys.readouterr().err
    assert left.value.code == 2
    assert said in err
    assert err.count("\n") == 1


def test_nothing_in_lab_but_the_engine_knows_qt_and_that_only_qtcore() -> None:
    for path in (ROOT / "lab").rglob("*.py"):
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
        qt = {name for name in found if re.match(r"(PySide6|pyqtgraph|OpenGL|ziamath)\b", name)}
        assert not [name for name in found if name.split(".")[0] in ("app", "widgets")], path.name
        assert qt <= ({"PySide6.QtCore"} if path.name == "engine.py" else set()), path.name


def test_no_widget_imports_the_program() -> None:
    for path in (ROOT / "widgets").rglob("*.py"):
        assert not re.search(r"^\s*(from|import) app\b", path.read_text(encoding="utf-8"), re.MULTILINE), path.name


def test_nothing_can_run_code_from_a_file() -> None:
    """No pickle, no eval, no exec; torch loads weights only."""
    for path in [ROOT / "app.py", *(ROOT / "lab").rglob("*.py"), *(ROOT / "widgets").rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not {"pickle", "marshal", "shelve", "dill", "joblib"} & set(names), path.name
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                assert called not in ("eval", "exec", "compile", "__import__"), f"{path.name}: {called}"
                if isinstance(node.func, ast.Attribute) and node.func.attr == "load":
                    given = {keyword.arg for keyword in node.keywords}
                    owner = getattr(node.func.value, "id", "")
                    assert owner != "torch" or "weights_only" in given, path.name
                    assert owner != "np" or "allow_pickle" in given, path.name
