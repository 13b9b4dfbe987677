"""The CNN's transfer: what is frozen stays to the last bit, few pictures go further, and a step is plain descent."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy

from lab.catalogue import Catalogue
from lab.session import Session

KIND = Catalogue().load("cnn:transfer")
QUICK = {"pretraining": 10}


def begun(steps=0, seed=0, **settings):
    session = Session(KIND, settings, seed)
    session.seek(steps)
    return session


def drawn(session, name):
    return session.draw([name]).values[name]


def state(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


@pytest.mark.parametrize(("frozen", "still"), [(0, ()), (1, ("conv 1",)), (2, ("conv 1", "conv 2"))])
def test_frozen_layers_stay_to_the_last_bit_and_all_others_move(frozen, still):
    session = begun(frozen=frozen, **QUICK)
    before = state(session.experiment.nets["transferred"])
    session.seek(30)
    for name, after in session.experiment.nets["transferred"].state_dict().items():
        assert torch.equal(before[name], after) == name.startswith(still or "none"), name
    assert (drawn(session, "kept_moved") == ("0",) * 8) == bool(frozen)
    assert [row[1] == "frozen" for row in drawn(session, "layers")] == [n < frozen for n in range(3)]


def test_a_layer_frozen_midway_stops_where_it_is_and_goes_on_when_thawed():
    session = begun(5, frozen=0, **QUICK)
    now = [state(session.experiment.nets["transferred"])["conv 1.weight"]]
    for frozen in (1, 0):
        session.set("frozen", frozen)
        session.seek(session.t + 5)
        now.append(state(session.experiment.nets["transferred"])["conv 1.weight"])
    assert torch.equal(now[0], now[1])
    assert not torch.equal(now[1], now[2])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("target", ["made shapes", "digits 5–9"])
def test_with_five_pictures_a_class_the_pretrained_net_starts_and_ends_higher(target, seed):
    accuracy = begun(200, seed, target=target, per_class=5).run.columns.views()
    kept, fresh = (accuracy[f"accuracy/{name}"] for name in ("transferred", "scratch"))
    assert kept[20] > fresh[20] + 0.05
    assert kept[160:201:10].mean() > fresh[160:201:10].mean()


def test_with_many_pictures_two_layers_frozen_on_other_digits_fall_behind():
    last = begun(400, source="digits 0–4", frozen=2, per_class=50).run.columns.views()
    assert last["accuracy/scratch"][400] > last["accuracy/transferred"][400] + 0.1


def test_without_pretraining_and_without_freezing_the_two_are_one_net():
    session = begun(20, pretraining=0, frozen=0)
    kept, fresh = (state(net) for net in session.experiment.nets.values())
    assert all(torch.equal(kept[name], fresh[name]) for name in kept)


def test_pretraining_has_learnt_the_first_task():
    """The kept layers with a new dense layer fitted on all digits read far more than untrained ones would."""
    images = torch.tensor(load_digits().images / 16, dtype=torch.float32)[:, None]
    truth = torch.tensor(load_digits().target)
    found = {}
    for name, net in begun().experiment.nets.items():
        with torch.no_grad():
            features = net[:-1](images)
        dense = nn.Linear(features.shape[1], 10)
        descent = torch.optim.Adam(dense.parameters(), 0.02)
        for _ in range(60):
            descent.zero_grad()
            cross_entropy(dense(features), truth).backward()
            descent.step()
        found[name] = (dense(features).argmax(dim=1) == truth).double().mean().item()
    assert found["transferred"] > 0.95
    assert found["transferred"] > found["scratch"] + 0.02


@pytest.mark.parametrize("source", ["digits 0–4", "all digits"])
@pytest.mark.parametrize("target", ["digits 5–9", "made shapes"])
def test_test_pictures_are_in_neither_training_set(source, target):
    experiment = begun(source=source, target=target, per_class=50, **QUICK).experiment
    experiment.own.enter(1, 0)
    (first, _), _ = experiment.tasks()
    experiment.own.leave()
    trained = {image.tobytes() for image in first.images} | {image.tobytes() for image in experiment.x[:, 0].numpy()}
    assert not trained & {image.tobytes() for image in experiment.tested.images}
    assert sorted(set(first.labels)) == list(range(5 if source == "digits 0–4" else 10))


@pytest.mark.parametrize(("target", "classes"), [("digits 5–9", 5), ("made shapes", 4)])
def test_there_are_as_many_pictures_of_each_class_as_asked_for(target, classes):
    for many in (1, 50):
        y = begun(target=target, per_class=many, **QUICK).experiment.y
        assert torch.bincount(y).tolist() == [many] * classes


def test_twenty_steps_are_those_of_a_plain_torch_loop():
    settings = {"frozen": 1, "rate": 0.2, "ratio": 0.25, "per_class": 4, "batch": 7, **QUICK}
    session = begun(**settings)
    nets = {}
    for name, net in session.experiment.nets.items():
        nets[name] = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 4),
        )  # fmt: skip
        nets[name].load_state_dict(dict(zip(nets[name].state_dict(), net.state_dict().values())))
    kept, fresh = nets.values()
    kept[0].requires_grad_(False)
    descents = [
        torch.optim.SGD([{"params": kept[3].parameters(), "lr": 0.05}, {"params": kept[7].parameters(), "lr": 0.2}]),
        torch.optim.SGD(fresh.parameters(), lr=0.2),
    ]
    x, y = session.experiment.x, session.experiment.y
    for t in range(20):
        batch = np.random.default_rng([0, 2, t, 0, 0]).choice(16, 7, replace=False)
        for net, descent in zip(nets.values(), descents):
            descent.zero_grad()
            cross_entropy(net(x[batch]), y[batch]).backward()
            descent.step()
    session.seek(20)
    for name, net in session.experiment.nets.items():
        for ours, theirs in zip(net.state_dict().values(), nets[name].state_dict().values()):
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)
        with torch.no_grad():
            expected = cross_entropy(nets[name](x), y).item()
        assert session.run.columns.views()[f"train/{name}"][20] == pytest.approx(expected, rel=1e-4)


def test_the_confusion_and_the_sentence_tell_of_the_measured_accuracy():
    session = begun(10, **QUICK)
    row = {name: column[10] for name, column in session.run.columns.views().items()}
    for name, table in (("transferred", "kept_confusion"), ("scratch", "fresh_confusion")):
        cells = drawn(session, table)
        assert cells.sum() == 240
        assert np.trace(cells) / 240 == pytest.approx(row[f"accuracy/{name}"])
        assert f"{row[f'accuracy/{name}']:.0%}" in drawn(session, "said")
    np.testing.assert_allclose(drawn(session, "probabilities").sum(axis=1), 1)
