"""The CNN experiment: sizes, counts, convolutions and losses as the texts have them, and evaluation that is one."""

import io

import numpy as np
import pytest
import torch
from scipy.signal import correlate
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

from lab import exports
from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.data.images import digits
from lab.experiments.images.cnn._receptive import Window, windows
from lab.session import Session
from tests.bits import bits

KIND = Catalogue().load("cnn")
TRAIN, TEST = digits().split()
PLAIN = {"batch_norm": False, "filters": [3, 4]}


def begun(seed=0, steps=0, **settings):
    session = Session(KIND, {"tested_on": "the last fifth", **settings}, seed)
    session.seek(steps)
    return session


def drawn(session, name):
    return session.draw([name]).values[name]


def shares(session, images):
    """The probability of each class, (n, 10), by scipy's softmax of the scores."""
    return softmax(session.experiment.scores(torch.tensor(images)[:, None]).numpy().astype(float), axis=1)


# ---------------------------------------------------------------- sizes and counts


@pytest.mark.parametrize(
    ("settings", "layer", "count"),
    [
        ({"filters": [1]}, "conv 1", 10),  # k² + 1 of one filter
        ({"filters": [10, 25], "kernel": 5}, "conv 2", 6275),  # 10 to 25 channels: 6250 weights, 25 offsets
        ({"filters": [8, 16]}, "conv 2", 1168),  # (3² · 8 + 1) · 16
        ({"filters": [8, 16, 32]}, "conv 3", 4640),  # (3² · 16 + 1) · 32
        ({"filters": [8, 16]}, "dense", 650),  # 2 · 2 · 16 inputs, ten outputs
        ({"filters": [8, 16], "batch_norm": True}, "norm 2", 32),  # 2 a map
    ],
)
def test_a_layer_has_as_many_parameters_as_the_texts_count(settings, layer, count):
    session = begun(**{"batch_norm": False, **settings})
    assert sum(p.numel() for p in session.experiment.part(layer).parameters()) == count
    said = drawn(session, "built")
    here = next(part for part in said.split(" → ") if part.startswith(layer))
    assert here.endswith(f"({count:,})")


def test_the_whole_net_is_told_layer_by_layer():
    said = drawn(begun(batch_norm=False, device="cpu", filters=[8, 16]), "built")
    assert said == (
        "1,898 parameters, on the CPU. 8 × 8 → conv 1: 8 × 8 × 8 (80) → ReLU 1 → pool 1: 4 × 4 × 8 → "
        "conv 2: 4 × 4 × 16 (1,168) → ReLU 2 → pool 2: 2 × 2 × 16 → flatten: 64 → dropout → dense: 10 (650)"
    )


@pytest.mark.parametrize(
    ("settings", "layer", "shown"),
    [
        ({"filters": [8, 16]}, "conv 1", "conv 1: 8 × 8 × 8"),
        ({}, "norm 2", "norm 2: 4 × 4 × 32"),
        ({}, "conv 3", "pool 2: 2 × 2 × 32"),
        ({"batch_norm": False}, "norm 1", "conv 1: 8 × 8 × 16"),
        ({"filters": [5]}, "pool 3", "pool 1: 4 × 4 × 5"),
    ],
)
def test_a_layer_that_the_net_lacks_is_the_last_before_it_and_so_is_a_map(settings, layer, shown):
    session = begun(**settings, layer=layer, channel=31)
    frame = session.draw(["size", "maps", "chosen", "slices"]).values
    assert frame["size"] == shown
    assert frame["chosen"] == len(frame["maps"]) - 1
    assert frame["slices"].shape[1:] == (3, 3)


# ---------------------------------------------------------------- what the layers do


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
def test_a_convolution_is_scipys_correlation_summed_over_maps_plus_an_offset(kernel):
    session = begun(3, 5, **PLAIN, kernel=kernel, image=40)
    maps = {}
    for layer in ("conv 1", "pool 1", "conv 2"):
        session.set("layer", layer)
        maps[layer] = drawn(session, "maps")
    for layer, below in (("conv 1", TEST.images[40][None]), ("conv 2", maps["pool 1"])):
        conv = session.experiment.part(layer)
        filters, offsets = conv.weight.detach().numpy(), conv.bias.detach().numpy()
        wanted = [
            sum(correlate(b, f, mode="same", method="direct") for b, f in zip(below, w, strict=True)) + offset
            for w, offset in zip(filters, offsets)
        ]
        assert maps[layer] == pytest.approx(np.array(wanted), abs=1e-5)


def test_pooling_takes_the_texts_example_to_the_texts_result():
    pool = begun(**PLAIN).experiment.part("pool 1")
    table = [[1, 3, -9, -22], [44, -10, -11, -1], [0, 10, 4, -3], [11, 9, 321, 99]]
    assert pool(torch.tensor([table], dtype=torch.float)).tolist() == [[[44, -1], [11, 321]]]


def test_picking_a_map_shows_the_filter_behind_it():
    session = begun(steps=2, layer="ReLU 2", channel=5)
    assert np.array_equal(drawn(session, "slices"), session.experiment.part("conv 2").weight[5].detach().numpy())
    assert drawn(session, "whose") == "filter 5 of conv 2: 3 × 3 × 16"
    assert drawn(session, "first") == -1  # no first-layer filter made this map
    session.set("layer", "pool 1")
    assert drawn(session, "first") == 5
    assert np.array_equal(drawn(session, "slices")[0], drawn(session, "first_filters")[5])


# ---------------------------------------------------------------- losses and answers


def test_losses_and_accuracies_are_scikit_learns():
    session = begun(1, 19, **PLAIN, image=22)
    ahead = session.experiment.order[session.experiment.at :][:32]
    before = shares(session, TRAIN.images[ahead])
    session.step()
    row = session.run.columns.row(20)
    assert row["batch"] == pytest.approx(log_loss(TRAIN.labels[ahead], before, labels=range(10)), rel=1e-5)
    assert row["batch accuracy"] == pytest.approx(accuracy_score(TRAIN.labels[ahead], before.argmax(axis=1)))
    p = shares(session, TEST.images)
    assert row["test"] == pytest.approx(log_loss(TEST.labels, p), rel=1e-5)
    assert row["test accuracy"] == pytest.approx(accuracy_score(TEST.labels, p.argmax(axis=1)))
    assert drawn(session, "probabilities") == pytest.approx(p[22], abs=1e-6)
    numbers = drawn(session, "picture_loss").numbers
    assert numbers["J"] == pytest.approx(log_loss(TEST.labels[22:23], p[22:23], labels=range(10)), rel=1e-4)
    assert numbers["p_y"] == pytest.approx(p[22, TEST.labels[22]], rel=1e-4)


def test_the_test_digits_are_measured_every_twentieth_step_and_absent_between():
    column = begun(steps=45, **PLAIN).run.columns.views()["test"]
    assert np.flatnonzero(~np.isnan(column)).tolist() == [0, 20, 40]


def test_misread_digits_are_said_and_counted_as_scikit_learn_counts_them():
    session = begun(2, 60)
    read = shares(session, TEST.images).argmax(axis=1)
    wrong = [f"{r}≠{y}" if r != y else str(r) for r, y in zip(read[:24], TEST.labels)]
    assert list(drawn(session, "answers")) == wrong
    assert drawn(session, "misread") == f"{sum(len(text) > 1 for text in wrong)} of 24 misread"
    assert np.array_equal(drawn(session, "confusion"), confusion_matrix(TEST.labels, read))
    assert drawn(session, "wrong") == f"{(read != TEST.labels).sum()} of 360 misread"
    for image, is_right in ((int((read != TEST.labels).argmax()), False), (int((read == TEST.labels).argmax()), True)):
        session.set("image", image)
        said = drawn(session, "said")
        assert ("rightly" in said) == is_right
        assert (f"takes this {TEST.labels[image]} for {read[image]}" in said) is not is_right


# ---------------------------------------------------------------- training and evaluation


def test_it_soon_reads_more_digits_than_scikit_learns_logistic_regression():
    lines = LogisticRegression(max_iter=300).fit(TRAIN.images.reshape(-1, 64), TRAIN.labels)
    straight = lines.score(TEST.images.reshape(-1, 64), TEST.labels)
    for seed in range(2):
        assert begun(seed, 300).run.columns.row(300)["test accuracy"] > straight + 0.01


def test_an_epoch_takes_every_training_digit_once():
    session, seen = begun(filters=[1], batch=200), []
    order = session.experiment.order
    while session.experiment.epoch == 0:
        at = session.experiment.at
        session.step()
        seen += order[at : at + 200].tolist()
    assert sorted(seen) == list(range(1437))
    assert session.t == 8
    assert drawn(session, "when") == "epoch 2"
    assert not np.array_equal(session.experiment.order, order)


def test_pictures_are_drawn_in_evaluation_and_leave_no_trace():
    session = begun(1, 15, dropout=0.9, image=7)
    experiment = session.experiment
    state = bits(experiment.snapshot())
    stages = {name: value.numpy() for name, value in experiment.stages().items()}
    session.draw(list(KIND.pictures))
    assert np.array_equal(stages["dropout"], stages["flatten"])
    norm = experiment.part("norm 1")
    mean, variance, gamma, beta = (
        values.detach().numpy()[:, None, None]
        for values in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    wanted = gamma * (stages["conv 1"] - mean) / np.sqrt(variance + 1e-5) + beta
    assert stages["norm 1"] == pytest.approx(wanted, abs=1e-5)
    assert bits(experiment.snapshot()) == state
    assert all(part.training and not part._forward_hooks for part in experiment.model.modules())


def test_dropout_and_batch_norm_are_on_in_training():
    session = begun(1, 1, dropout=0.5)
    experiment, x = session.experiment, torch.tensor(TRAIN.images[:50])[:, None]
    features = experiment.model[:-2](x)
    dropped = experiment.part("dropout")(features)
    kept = dropped != 0
    assert 0.4 < kept[features > 0].float().mean() < 0.6
    assert dropped[kept].tolist() == pytest.approx((2 * features[kept]).tolist())  # what is left stands for all
    normed = experiment.model[:2](x).detach().numpy()
    norm = experiment.part("norm 1")
    assert normed.mean(axis=(0, 2, 3)) == pytest.approx(norm.bias.detach().numpy(), abs=1e-4)
    assert normed.std(axis=(0, 2, 3)) == pytest.approx(norm.weight.detach().numpy(), rel=1e-2)


@pytest.mark.parametrize("optimiser", ["momentum", "Adam"])
def test_a_run_with_dropout_and_live_changes_replays_to_the_bit(optimiser):
    session = begun(4, 8, filters=[3], dropout=0.5, optimiser=optimiser, rate=0.01)
    session.set("rate", 0.002)
    session.set("dropout", 0.8)
    session.set("batch", 5)
    session.seek(25)
    assert session.experiment.descent.param_groups[0]["lr"] == 0.002
    assert session.experiment.part("dropout").p == 0.8
    end = bits(session.experiment.snapshot())
    session.seek(4)
    assert session.experiment.descent.param_groups[0]["lr"] == 0.01
    assert session.experiment.part("dropout").p == 0.5
    session.draw(list(KIND.pictures))
    session.seek(25)
    assert bits(session.experiment.snapshot()) == end
    assert not session.approximate


def test_dropout_draws_anew_in_each_step_and_for_each_seed():
    def losses(seed, dropout):
        return begun(seed, 6, filters=[3], dropout=dropout, rate=1e-4).run.columns.views()["batch"][1:]

    noise = losses(0, 0.9) - losses(0, 0)  # the same digits and first weights: what differs is dropout
    assert len(set(np.round(noise, 6))) == 6
    assert not np.array_equal(losses(0, 0.9), losses(1, 0.9))


@pytest.mark.parametrize(
    ("chosen", "kind"),
    [
        ("SGD", torch.optim.SGD),
        ("momentum", torch.optim.SGD),
        ("Nesterov", torch.optim.SGD),
        ("Adagrad", torch.optim.Adagrad),
        ("RMSProp", torch.optim.RMSprop),
        ("Adam", torch.optim.Adam),
        ("AdamW", torch.optim.AdamW),
    ],
)
def test_the_optimiser_is_the_one_that_was_chosen(chosen, kind):
    descent = begun(optimiser=chosen, filters=[1], rate=0.02).experiment.descent
    assert isinstance(descent, kind)
    assert descent.param_groups[0]["lr"] == 0.02
    assert descent.param_groups[0].get("nesterov", False) == (chosen == "Nesterov")
    if kind is torch.optim.SGD:
        assert descent.param_groups[0]["momentum"] == (0 if chosen == "SGD" else 0.9)


# ---------------------------------------------------------------- the device


def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    session = begun(**PLAIN, device="auto")
    assert "on the CPU" in drawn(session, "built")
    with pytest.raises(Unfit, match="device: torch finds no CUDA GPU"):
        session.set("device", "cuda")
    with pytest.raises(Unfit, match="device: torch finds no Apple GPU"):
        session.set("device", "mps")
    session.step()
    assert session.t == 1  # the old run stands


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU on this machine")
def test_on_a_gpu_it_trains_as_on_the_cpu_and_says_where():
    there, here = begun(device="auto"), begun(device="cpu")
    assert torch.cuda.get_device_name() in drawn(there, "built")
    assert all(p.is_cuda for p in there.experiment.model.parameters())
    for session in (there, here):
        session.seek(5)
    for metric in ("batch", "test"):
        ours, theirs = (s.run.columns.views()[metric] for s in (there, here))
        assert ours == pytest.approx(theirs, rel=1e-2, nan_ok=True)
    frame = there.draw(list(KIND.pictures))
    assert all(not torch.is_tensor(value) for value in frame.values.values())
    there.seek(300)
    assert there.run.columns.row(300)["test accuracy"] > 0.9


# ---------------------------------------------------------------- what a unit sees


def test_stacked_filters_see_three_five_and_seven_pixels():
    table = drawn(begun(filters=[2, 2, 2], pooling="none", batch_norm=False), "shapes_of")
    assert [row[3] for row in table if row[0].startswith("conv")] == ["3 × 3", "5 × 5", "7 × 7"]


def test_a_pool_between_two_filters_makes_eight_of_five():
    table = drawn(begun(filters=[2, 2], batch_norm=False), "shapes_of")  # text0, Receptive field
    assert {row[0]: row[3] for row in table}["conv 2"] == "8 × 8"


def test_the_fields_of_vgg19_grow_as_the_text_has_them():
    # text3b, Receptive field of a derived feature: blocks of 2, 2, 4, 4, 4 convolutions, a pool after each
    window, sizes = Window(), []
    for block in (2, 2, 4, 4, 4):
        for kernel, stride in [(3, 1)] * block + [(2, 2)]:
            window = window.over(kernel, stride)
            sizes.append(window.size)
    wanted = [3, 5, 6, 10, 14, 16, 24, 32, 40, 48, 52, 68, 84, 100, 116, 124, 156, 188, 220, 252, 268]
    assert sizes == wanted


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kernel": 2},
        {"kernel": 5, "pooling": "none"},
        {"stride": 2, "pooling": "none"},
        {"dilation": 2},
        {"order_of": "pool, then ReLU"},
        {"pooling": "average"},
    ],
)
def test_the_framed_pixels_are_those_that_autograd_gives_a_gradient(settings):
    session = begun(
        **{"filters": [6, 6], "pooling": "average", **settings}, data="made shapes", layer="ReLU 2", unit=(1, 2)
    )
    seen = drawn(session, "seen")
    x = torch.rand(1, 1, 16, 16, requires_grad=True)
    out = x
    for name, layer in session.experiment.model.eval().named_children():
        out = torch.nn.functional.softplus(out) if name.startswith("ReLU") else layer(out)  # so that no unit is silent
        if name == "ReLU 2":
            break
    out[0, :, 1, 2].sum().backward()
    assert x.grad is not None
    rows, columns = np.nonzero(x.grad[0, 0].numpy())
    box = np.zeros_like(seen)
    box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    assert np.array_equal(box, seen)


def test_windows_end_where_the_maps_do():
    session = begun(filters=[2])
    found = windows(session.experiment.model.named_children())
    assert list(found) == ["conv 1", "norm 1", "ReLU 1", "pool 1"]


# ---------------------------------------------------------------- ReLU and pooling


def test_max_pooling_before_relu_trains_the_very_same_net():
    losses = [
        begun(3, 30, order_of=order).run.columns.views()["test"] for order in ("ReLU, then pool", "pool, then ReLU")
    ]
    assert losses[0] == pytest.approx(losses[1], nan_ok=True, rel=1e-5)
    assert "by 0 at most" in drawn(begun(3, 10), "swapped")


def test_average_pooling_before_relu_is_another_net():
    said = drawn(begun(3, 10, pooling="average"), "swapped")
    assert "by 0 at most" not in said
    assert "order counts" in said


def test_pooling_has_no_parameters():
    for pooling in ("max", "average"):
        table = drawn(begun(pooling=pooling), "shapes_of")
        assert [row[2] for row in table if row[0].startswith("pool")] == ["0", "0"]


# ---------------------------------------------------------------- data, drawings, mistakes


def test_the_defaults_read_95_of_100_digits_soon_and_97_a_little_later():
    for seed in range(2):
        session = Session(KIND, {}, seed)
        session.seek(800)
        share = {t: session.run.columns.row(t)["test accuracy"] for t in (400, 800)}  # about 1 and 2 seconds
        assert share[400] > 0.95, share
        assert share[800] > 0.97, share


def test_made_shapes_are_soon_told_apart():
    session = begun(0, 200, data="made shapes")
    assert session.run.columns.row(200)["test accuracy"] > 0.95
    assert drawn(session, "classes") == ("circle", "square", "triangle", "cross")


def test_top_five_counts_as_scikit_learn_does():
    from sklearn.metrics import top_k_accuracy_score

    session = begun(0, 20)
    p = shares(session, TEST.images)
    top5 = top_k_accuracy_score(TEST.labels, p, k=5, labels=range(10))
    assert session.run.columns.row(20)["top-5"] == pytest.approx(top5)
    top1 = accuracy_score(TEST.labels, p.argmax(axis=1))
    assert drawn(session, "tops") == f"top-1 {top1:.1%}, top-5 {top5:.1%}"


def test_a_drawing_goes_through_at_the_size_of_the_pictures():
    drawing = np.zeros((16, 16))
    drawing[:2, :2] = 1
    drawing[2, 2] = 1
    session = begun(source="drawn", drawing=drawing)
    wanted = np.zeros((8, 8))
    wanted[0, 0], wanted[1, 1] = 1, 0.25
    assert drawn(session, "input_cells") == pytest.approx(wanted)
    assert "your drawing" in drawn(session, "said")


def test_a_cell_of_the_confusion_matrix_shows_its_pictures():
    session = begun(0, 20)
    table = drawn(session, "confusion") * (1 - np.eye(10, dtype=int))
    row, column = np.unravel_index(table.argmax(), table.shape)
    session.set("cell", (int(row), int(column)))
    frame = session.draw(["examples", "example_names", "cell_name"]).values
    read = shares(session, TEST.images).argmax(axis=1)
    wanted = TEST.images[(TEST.labels == row) & (read == column)]
    assert np.array_equal(frame["examples"], wanted[:24])
    assert set(frame["example_names"]) == {f"{column}≠{row}"}
    assert frame["cell_name"] == f"{len(wanted)} times {row} read as {column}"


def test_the_favourite_place_of_a_filter_excites_it_as_much_as_the_whole_picture_did():
    session = begun(0, 30, filters=[4], data="made shapes", shift=0.0, batch_norm=False)
    conv = session.experiment.part("conv 1")
    patches = drawn(session, "features")[:, [0, 6, 11]][:, :, [0, 6, 11]]  # each of 3 × 3 pixels is shown 16 / 3 wide
    x = session.experiment.test_x[:200]
    strongest = conv(x).detach().amax(dim=(0, 2, 3)).clamp(min=0)
    for number in range(4):
        found = conv(torch.tensor(patches[number])[None, None])[0, number, 1, 1].item()
        if strongest[number] > 0:
            assert found == pytest.approx(strongest[number].item(), rel=1e-4)


def test_own_pictures_and_mnist_need_a_folder_and_say_so(tmp_path):
    for data in ("own folder", "MNIST files"):
        with pytest.raises(Unfit, match="folder: choose the folder"):
            begun(data=data)
        with pytest.raises(Unfit, match="folder: "):
            begun(data=data, folder=str(tmp_path))


def test_a_folder_of_pictures_is_learnt(tmp_path):
    from PIL import Image

    for name, bright in (("dark", 20), ("light", 230)):
        (tmp_path / name).mkdir()
        for number in range(10):
            Image.new("L", (12, 12), bright + number).save(tmp_path / name / f"{number}.png")
    session = begun(0, 40, data="own folder", folder=str(tmp_path), side=12, filters=[4])
    assert drawn(session, "classes") == ("dark", "light")
    assert session.run.columns.row(40)["test accuracy"] == 1


def test_a_stack_that_leaves_no_pixel_is_refused_in_words():
    with pytest.raises(Unfit, match="filters: layer 2 has no pixel left"):
        begun(filters=[2, 2, 2], stride=2)


def test_mnist_files_are_learnt(tmp_path):
    generator = np.random.default_rng(0)
    for part, count in (("train", 50), ("t10k", 20)):
        labels = np.arange(count, dtype=np.uint8) % 10
        pictures = generator.integers(0, 40, (count, 28, 28), dtype=np.uint8)
        for picture, label in zip(pictures, labels):
            picture[2 * label : 2 * label + 8] = 255  # a bar, lower for a higher digit
        header = np.array([0x803, count, 28, 28], ">u4").tobytes()
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(header + pictures.tobytes())
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(
            np.array([0x801, count], ">u4").tobytes() + labels.tobytes()
        )
    session = begun(0, 60, data="MNIST files", folder=str(tmp_path), filters=[8], optimiser="Adam", batch=10)
    assert session.run.columns.row(60)["test accuracy"] > 0.9
    assert drawn(session, "input_cells").shape == (28, 28)


def test_its_weights_can_be_saved_and_read_back_by_torch():
    session = Session(Catalogue().load("cnn"), {"filters": [2]}, 0)
    session.seek(3)
    saved = torch.load(io.BytesIO(exports.as_state_dict(exports.weights_of(session))), weights_only=True)
    assert [*saved][:2] == ["conv 1.weight", "norm 1.weight"]
    assert saved["conv 1.weight"].shape == (2, 1, 3, 3)
