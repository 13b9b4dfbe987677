"""What is written of a run can be read by the programs it is written for."""

from __future__ import annotations

import io
import shlex
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from lab import exports
from lab.__main__ import main
from lab.catalogue import Catalogue
from lab.session import Session
from tests.lab.toys import Walk


class Pair(NamedTuple):
    z: np.ndarray
    names: list[str]


def test_csv_leaves_out_what_was_not_measured_and_keeps_every_digit() -> None:
    metrics = {"loss": np.array([0.1, np.nan, np.inf]), "acc": np.array([1.0, 0.1 + 0.2, np.nan])}
    assert exports.as_csv(metrics) == b"t,loss,acc\n0,0.1,1.0\n1,,0.30000000000000004\n2,inf,\n"


def test_npz_has_flat_names_and_no_objects() -> None:
    values = {
        "field": Pair(np.arange(6.0).reshape(2, 3), ["a", "b"]),
        "ragged": [np.zeros(2), np.ones(3)],
        "file": np.array([7]),  # a name that numpy.savez itself would stumble over
        "maps": {"layer/1": np.eye(2)},
        "thing": object(),
        "none": None,
    }
    with np.load(io.BytesIO(exports.as_npz(values)), allow_pickle=False) as arrays:
        read = {name: arrays[name] for name in arrays.files}
    assert set(read) == {"field.z", "field.names", "ragged.0", "ragged.1", "file", "maps.layer.1"}
    assert read["field.z"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read["field.names"].tolist() == ["a", "b"]
    assert read["ragged.1"].tolist() == [1, 1, 1]


WEIGHTS = {
    "dense.weight": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "bias": np.array([0.5, -1.5]),
    "count": np.array(3),
    "kept": np.array([True, False]),
    "view": np.arange(12, dtype=np.float32).reshape(3, 4)[::2, ::-1],
}


def test_safetensors_are_read_by_the_library_of_that_name() -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    read = numpy.load(exports.as_safetensors(WEIGHTS))
    assert {name: (a.dtype, a.tolist()) for name, a in read.items()} == {
        name: (a.dtype, a.tolist()) for name, a in WEIGHTS.items()
    }


def test_safetensors_refuse_numbers_they_do_not_know() -> None:
    with pytest.raises(ValueError, match="complex128, as w has"):
        exports.as_safetensors({"w": np.zeros(2, dtype=complex)})


def test_a_state_dict_is_loaded_without_running_code() -> None:
    import torch

    read = torch.load(io.BytesIO(exports.as_state_dict(WEIGHTS)), weights_only=True)
    assert {name: a.tolist() for name, a in read.items()} == {name: a.tolist() for name, a in WEIGHTS.items()}


def test_an_experiment_without_weights_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="walk has no weights to hand out"):
        exports.weights_of(Session(Walk))


def test_moments_begin_and_end_the_run_and_are_close_where_the_metric_moved() -> None:
    fell = np.where(np.arange(101) <= 10, 10.0 ** -np.arange(101), 1e-10)
    assert exports.moments(fell, 100, 5) == [0, 5, 10, 50, 100]
    assert exports.moments(None, 100, 5) == [0, 25, 50, 75, 100]
    assert exports.moments(np.full(101, np.nan), 100, 3) == [0, 50, 100]


@pytest.mark.parametrize(("end", "many", "steps"), [(0, 4, [0]), (1, 4, [0, 1]), (3, 4, [0, 1, 2, 3]), (9, 1, [9])])
def test_a_short_run_has_no_moment_twice(end: int, many: int, steps: list[int]) -> None:
    assert exports.moments(np.ones(end + 1), end, many) == steps
    jump = np.array([1.0] + [5.0] * end)
    assert exports.moments(jump, end, many) == steps


def test_the_command_of_a_plain_run_opens_it_in_the_window() -> None:
    session = Session(Catalogue().load("k-means"), {"k": 3, "points": "moons"}, 7)
    session.seek(4)
    assert exports.command(session) == (
        """python app.py k-means --set 'points={"kind":"moons","n":200,"noise":0.12,"classes":2,"seed":0}' """
        "--set k=3 --seed 7 --steps 4"
    )


def test_the_command_of_a_run_that_was_touched_does_the_same_again(tmp_path: Path) -> None:
    session = Session(Catalogue().load("k-means"), {"k": 3, "points": "moons"}, 7)
    session.seek(2)
    session.act("move_centre", [0, 4.0, 4.0])
    session.seek(6)
    words = shlex.split(exports.command(session))
    assert words[:5] == ["python", "-m", "lab", "run", "k-means"]
    assert main([*words[3:], "--metrics", str(tmp_path / "m.csv")]) == 0
    assert (tmp_path / "m.csv").read_bytes() == exports.as_csv(session.run.columns.views())


def test_much_data_of_ones_own_is_not_put_into_a_command() -> None:
    cloud = {"kind": "own", "x": [[i / 7, i / 3] for i in range(300)], "y": [0] * 300, "number": list(range(300))}
    assert exports.command(Session(Catalogue().load("k-means"), {"points": cloud})) == ""
