"""The neural network's weights, points' losses and pushes, and script."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from lab.maths.activations import ACTIVATIONS
from lab.maths.initialisers import INITIALISERS
from lab.maths.optimisers import RULES
from lab.maths.schedules import SCHEDULES
from tests.lab.test_code import CATALOGUE, agree, trained

NAME = "neural-network"
SMALL = {"points": {"kind": "circle", "n": 40}, "layers": [5, 4], "batch": 9, "random_offsets": True}
RUNS = [
    ({}, 60),
    ({"optimiser": "Adam", "rate": 0.01, "points": {"kind": "spiral", "classes": 3}}, 60),
    (
        {
            **SMALL,
            "batch_norm": True,
            "extras": ["L1", "L2", "dropout", "input noise"],
            "optimiser": "momentum",
            "rate": 0.02,
            "schedule": "cosine",
            "scaled": True,
        },
        40,
    ),
    ({"task": "a formula", "points": {"n": 50}, "layers": [5], "rate": 0.02}, 40),
    ({**SMALL, "measure": "hinge", "layers": []}, 40),
    ({**SMALL, "measure": "hinge", "points": {"kind": "blobs", "classes": 3, "n": 30}, "rate": 0.02}, 30),
    (
        {**SMALL, "measure": "squared", "inputs_chosen": ["x₁", "x₂²", "x₁x₂", "sin x₁", "cubes", "RBF"], "rate": 0.01},
        30,
    ),
    ({**SMALL, "inputs_chosen": ["x₂", "x₁²", "sin x₂"], "rate": 0.01, "validation_share": 0.2}, 30),
    # An offset before batch norm has a slope of rounding alone, and Adam makes whole steps of that.
    (CATALOGUE.load(NAME).presets["Eight layers of 32: batch norm and Adam"], 60),
    ({**SMALL, "batch_norm": True, "layers": [], "extras": ["dropout"]}, 30),
    ({**SMALL, "extras": ["L1", "L2", "dropout", "input noise"], "l1": 0, "l2": 0, "dropout": 0, "noise": 0}, 30),
    ({**SMALL, "extras": ["L2"], "l2": 0, "batch": 500}, 30),
    ({**SMALL, "extras": ["dropout"], "activation": "leaky relu", "rate": 0.02}, 30),
    ({**SMALL, "optimiser": "RAdam", "beta2": 0.5, "rate": 0.01}, 30),
    ({**SMALL, "optimiser": "AdamW", "weight_decay": 0.3, "schedule": "cosine", "period": 4, "rate": 0.01}, 30),
]
ONE_BY_ONE = [
    *({**SMALL, "activation": name, "rate": 0.02} for name in ACTIVATIONS),
    *({**SMALL, "optimiser": name, "rate": 0.01} for name in RULES),
    *({**SMALL, "schedule": name, "period": 3} for name in SCHEDULES),
    *({**SMALL, "begin": name} for name in INITIALISERS),
]


@pytest.mark.parametrize(("settings", "t"), RUNS, ids=[str(i) for i in range(len(RUNS))])
def test_the_script_ends_at_the_weights_of_the_run(settings, t, tmp_path, capsys):
    agree(trained(NAME, settings, t), tmp_path, capsys)


@pytest.mark.parametrize("settings", ONE_BY_ONE, ids=[str(i) for i in range(len(ONE_BY_ONE))])
def test_every_choice_is_in_the_script(settings, tmp_path, capsys):
    agree(trained(NAME, settings, 22), tmp_path, capsys)


def test_the_script_of_a_run_that_stopped_early_ends_at_the_weights_that_were_put_back(tmp_path, capsys):
    settings = {**SMALL, "extras": ["early stopping"], "validation_share": 0.3, "patience": 2, "rate": 1.0}
    session = trained(NAME, settings, 400)
    assert "put back" in session.finished
    agree(session, tmp_path, capsys)


def test_the_default_script_is_short():
    lines = trained(NAME, {}, 20).experiment.code().splitlines()
    assert len([line for line in lines if not re.match(r"    -?\d", line)]) <= 90  # the points aside


def test_held_links_are_refused_with_what_to_do():
    session = trained(NAME, SMALL, 3)
    session.experiment.net.hold_link(0, 1, 2, 2)
    with pytest.raises(ValueError, match="free them all"):
        session.experiment.code()


@pytest.mark.parametrize(
    "settings", [{}, {"points": {"kind": "blobs", "classes": 3}}, {"task": "a formula"}, {"measure": "squared"}]
)
def test_losses_make_up_the_loss_and_pushes_the_gradient_that_autograd_finds(settings):
    session = trained(NAME, {"layers": [4, 3], **settings}, 40)
    run = session.experiment
    losses = run.sample_loss()
    assert np.isnan(losses).sum() == len(run.points) - len(run.train)
    assert np.nanmean(losses) == pytest.approx(run.measured()["loss"], rel=1e-5)
    weights = {
        name: torch.tensor(part, dtype=torch.float64, requires_grad=True) for name, part in run.weights().items()
    }
    a = torch.tensor(run.inputs[:, run.train].T, dtype=torch.float64)
    y = torch.tensor(run.targets[:, run.train].T, dtype=torch.float64)
    for layer in (1, 2):
        a = torch.tanh(a @ weights[f"W{layer}"] + weights[f"b{layer}"])
    z = a @ weights["W3"] + weights["b3"]
    if settings.get("task"):
        J = ((z - y) ** 2 / 2).sum()
    elif settings.get("measure"):
        J = ((torch.sigmoid(z) - y) ** 2 / 2).sum()
    elif y.shape[1] == 1:
        J = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum")
    else:
        J = torch.nn.functional.cross_entropy(z, y, reduction="sum")
    (J / len(y)).backward()
    pushes = [run.push(i) for i in range(len(run.points))]
    for name, part in weights.items():
        assert part.grad is not None
        np.testing.assert_allclose(sum(push[name] for push in pushes), part.grad.numpy(), rtol=1e-5, atol=1e-8)


def test_the_points_there_are_count_after_an_edit(tmp_path, capsys):
    session = trained(NAME, SMALL, 0)
    session.act("points.add", [2.0, 1.5, 1])
    session.act("points.erase", [0])
    assert len(session.experiment.sample_loss()) == 40
    with pytest.raises(ValueError, match="no point 40"):
        session.experiment.push(40)
