"""The CNN's weights, losses and pushes of training pictures, and script."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch.nn.functional import cross_entropy

from lab import script
from tests.lab.test_code import agree, trained

NAME = "cnn"
RUNS = [
    ({}, 50),  # an epoch has 45 batches
    ({"filters": [4, 6], "batch_norm": False, "dropout": 0.4, "optimiser": "Adam", "batch": 256}, 20),
    ({"filters": [5], "pooling": "average", "order_of": "pool, then ReLU", "optimiser": "Nesterov"}, 20),
    ({"filters": [3, 3, 3], "pooling": "none", "dilation": 2, "stride": 2, "kernel": 4, "optimiser": "RMSProp"}, 20),
    ({"filters": [4], "tested_on": "the last fifth", "optimiser": "SGD", "rate": 0.1, "kernel": 1}, 20),
    ({"filters": [4], "optimiser": "AdamW", "batch": 7}, 20),
    ({"filters": [2], "optimiser": "Adagrad", "dropout": 0.9}, 20),
]


@pytest.mark.parametrize(("settings", "t"), RUNS, ids=[str(i) for i in range(len(RUNS))])
def test_the_script_ends_at_the_weights_of_the_run(settings, t, tmp_path, capsys):
    session = trained(NAME, settings, t)
    assert session.t == t
    agree(session, tmp_path, capsys, 1e-4)


def test_a_script_says_only_what_the_settings_need():
    plain = trained(NAME, {"filters": [2], "batch_norm": False}, 0).experiment.code()
    assert f"steps = {script.STEPS}" in plain
    assert not any(word in plain for word in ("Dropout", "BatchNorm", "eval()", "mixed", "device", "stride"))


def test_a_script_has_the_settings_as_they_stand_now(tmp_path, capsys):
    session = trained(NAME, {"filters": [2]}, 0)
    session.set("rate", 0.3)
    session.set("batch", 50)
    session.seek(12)
    assert "lr=0.3" in agree(session, tmp_path, capsys, 1e-4)


def test_pictures_other_than_the_digits_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"data is made shapes: .*set it to digits"):
        trained(NAME, {"filters": [1], "data": "made shapes"}, 0).experiment.code()


@pytest.mark.parametrize("t", [0, 40])
@pytest.mark.parametrize("settings", [{"filters": [4], "dropout": 0.5}, {"filters": [3], "data": "made shapes"}])
def test_losses_are_those_of_each_training_picture_and_their_mean_is_the_training_loss(settings, t):
    session = trained(NAME, settings, t)
    run = session.experiment
    losses = run.sample_loss()
    assert losses.shape == run.y.shape
    measured = session.run.columns.views()["train"][t]
    assert losses[: len(run.tested)].mean() == pytest.approx(measured, rel=1e-4)
    p = run.scores(run.x[100:103]).double().softmax(dim=1).numpy()
    for i, row in enumerate(p, 100):
        assert losses[i] == pytest.approx(log_loss([run.y[i].item()], [row], labels=range(len(row))), rel=1e-4)


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("t", [0, 8])
def test_pushes_add_up_to_the_slope_of_the_mean_loss(batch_norm, t):
    run = trained(NAME, {"filters": [2], "batch_norm": batch_norm, "dropout": 0.5}, t).experiment
    run.model.eval()
    named = dict(run.model.named_parameters())
    whole = dict(zip(named, torch.autograd.grad(cross_entropy(run.model(run.x), run.y), list(named.values()))))
    run.model.train()
    pushes = [run.push(i) for i in range(len(run.y))]
    assert pushes[0].keys() == whole.keys() <= run.weights().keys()
    for name, slope in whole.items():
        np.testing.assert_allclose(sum(push[name] for push in pushes), slope.numpy(), atol=2e-5)


def test_looking_at_samples_changes_nothing():
    session, other = (trained(NAME, {"filters": [2], "dropout": 0.5}, 5) for _ in range(2))
    run = session.experiment
    run.sample_loss(), run.push(3), run.weights(), run.code()
    assert run.model.training
    for one in (session, other):
        one.seek(10)
    for a, b in zip(run.model.state_dict().values(), other.experiment.model.state_dict().values()):
        assert torch.equal(a, b)


def test_there_is_no_push_of_a_picture_that_is_not_there():
    run = trained(NAME, {"filters": [1]}, 0).experiment
    with pytest.raises(ValueError, match="no picture 1437"):
        run.push(1437)
