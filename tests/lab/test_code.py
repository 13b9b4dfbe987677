"""Scripts: each runs by itself, without the lab, and ends at the weights of the run that it was copied from."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab import script
from lab.catalogue import Catalogue
from lab.session import Session

CATALOGUE = Catalogue()


def trained(name: str, settings: Mapping[str, Any], t: int, seed: int = 3) -> Session:
    kind = CATALOGUE.load(name)
    session = Session(kind, {key: kind.controls[key].check(value) for key, value in settings.items()}, seed)
    session.seek(t)
    return session


def agree(session: Session, folder: Path, capsys: pytest.CaptureFixture[str], tolerance: float = 1e-6) -> str:
    """Run the script of this run: it must say a loss and leave the weights; they are looked for by name, or in a
    dictionary called weights."""
    text = session.experiment.code()  # type: ignore[attr-defined]
    assert not any(line.startswith(("import lab", "from lab")) for line in text.splitlines())
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    found = runpy.run_path(str(path))
    assert "loss" in capsys.readouterr().out
    weights = session.experiment.weights()  # type: ignore[attr-defined]
    assert weights
    for name, array in weights.items():
        left = found[name] if name in found else found["weights"][name]
        np.testing.assert_allclose(np.asarray(left), array, rtol=tolerance, atol=tolerance, err_msg=name)
    return text


def left_by(text: str, folder: Path) -> dict[str, Any]:
    path = folder / "piece.py"
    path.write_text(f"import numpy as np\n\n{text}\n", encoding="utf-8")
    return runpy.run_path(str(path))


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3) / 7,
        np.array([], dtype=float),
        np.arange(200) * np.pi,
        np.array([1, 2], dtype=np.uint8),
    ],
    ids=["matrix", "empty", "long", "bytes"],
)
def test_a_literal_reads_back_to_the_last_digit(value, tmp_path):
    read = left_by(f"read = {script.literal(value)}", tmp_path)["read"]
    assert read.dtype == value.dtype
    np.testing.assert_array_equal(read, value)


def test_a_script_draws_the_numbers_of_the_run(tmp_path):
    session = trained("linear-regression", {"method": "one sample"}, 0, seed=11)
    space = left_by(script.draws(session.experiment, start=True, stages=True), tmp_path)
    own = session.experiment.own
    own.enter(2, 5, 0, 1)
    assert space["at_step"](5, 1).random() == session.experiment.rng.random()
    own.enter(1, 0, 0, 0)
    assert space["at_start"](0).random() == session.experiment.rng.random()
