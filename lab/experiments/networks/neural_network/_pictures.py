"""The pictures of a network: units and links, the plane as it sees it, one point's way through, and who is mistaken."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiment import Net, drawn
from lab.experiments.networks.neural_network._inputs import PLANE, SIDE, names, plane
from lab.experiments.networks.neural_network._insides import Insides
from lab.marks import (
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Guide,
    Heat,
    Histogram,
    Layout,
    Mark,
    Matrix,
    Note,
    Panel,
    Regions,
    Row,
    Surface,
    Table,
    Tabs,
)
from lab.marks import Network as Links
from lab.maths.layers import FROZEN, OFF

APART = 4  # a unit's small map has every fourth of the points across and upright


class Pictures(Insides):
    """What is drawn of a network in training."""

    centre: np.ndarray
    width: np.ndarray
    scaled: Any

    def sampled(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    # ------------------------------------------------------------ panels

    def panels(self) -> Layout:
        planes = self.planes()
        return Row(
            Column(
                Panel(
                    "Network",
                    Links(
                        "links",
                        chosen="chosen",
                        pick="unit",
                        edit="set_weight",
                        hold="hold_weight",
                        hold_unit="hold_unit",
                    ),
                    detail="size",
                    help="Point at a unit for its formula, click for its map; click a link to type its weight, "
                    "right-click a link or unit to freeze it or switch it off",
                ),
                Tabs(*self.curves()),
                sizes=(3, 2),
            ),
            Column(planes[0] if len(planes) == 1 else Tabs(*planes), Tabs(*self.insides()), sizes=(3, 2)),
        )

    def curves(self) -> list[Panel]:
        best = [Guide(x="best_step", label="best")]
        score, share = ("Accuracy", "share right") if self.task == "classes" else ("R²", "R²")
        kinds = (
            ("accuracy", "validation accuracy", "test accuracy")
            if self.task == "classes"
            else ("fit", "validation fit", "test fit")
        )
        return [
            Panel(
                "Loss", Curve("loss", "validation", "test", log_y=True), *best, x="step t", y="mean loss L",
                detail="when",
            ),
            Panel(score, Curve(*kinds), x="step t", y=share),
            Panel(
                "Gradients", Curve("norm", log_y=True), x="step t", y="|∂L/∂W|",
                help="length of each layer's gradient over the last batch of an epoch",
            ),
            Panel("Batch loss", Curve("batch", log_y=True), x="step t", y="L_B"),
            Panel("Weights", Histogram("all_weights", labels="weights_names"), x="w", y="how many"),
        ]  # fmt: skip

    def planes(self) -> list[Panel]:
        dots: tuple[Mark, ...] = (
            Dots(
                "x",
                colour="colours",
                size="sizes",
                ring="tested",
                test="tested",
                drag="points.move",
                add="points.add",
                erase="points.erase",
                pick="point",
            ),
            Dots("watched_places", tint="text", shape="cross", size="small"),
            Dots("picked_place", tint="warn", shape="star", big=True),
        )
        square = {"x": "x₁", "y": "x₂", "range_x": PLANE, "range_y": PLANE, "equal": True}
        heat = Heat("score", levels=1, colours="scores")
        who = "ringed points are for the test, crossed ones for validation: training never sees them"
        if self.task != "classes":
            fit = Heat("score", levels=8, colours="scores", bar=True)
            return [
                Panel("Fit", fit, *dots, detail="whose", help=f"large dots: large z, blue below 0; {who}", **square),
                Panel(
                    "Height",
                    Surface("fitted", points="x", heights="heights", sticks=True, colours="scores"),
                    detail="whose_height",
                ),
                Panel(
                    "Error", Heat("missed", levels=8, colours="scores", bar=True), *dots, detail="missed_is", **square
                ),
            ]
        if len(self.targets) == 1:
            return [Panel("Boundary", heat, *dots, detail="whose", help=who, **square)]
        return [
            Panel("Boundary", Regions("territory", strength="sureness"), *dots, help=who, **square),
            Panel("Unit", heat, *dots, detail="whose", help="what one unit answers at each place", **square),
        ]

    def insides(self) -> list[Panel]:
        confusion = Panel(
            "Confusion",
            Matrix("confusion", rows="true_names", columns="answer_names", colours="viridis"),
            detail="confusion_of",
            split="test",
            help="how many points of each true class (row) got which answer (column)",
        )
        return [
            Panel(
                "Update",
                Equation("update"),
                Note("said"),
                detail="which",
                help="J: the mean loss of the next mini-batch, and the penalties. With dropout or noise, as without",
            ),
            *([confusion] if self.task == "classes" else []),
            Panel(
                "Batch",
                Matrix(
                    "strip", rows="strip_rows", columns="strip_columns", lit="strip_lit", numbers=False, pick="cell"
                ),
                detail="strip_says",
                help="units of the layer looked at by samples of the next mini-batch: one column is one sample's pass",
            ),
            Panel(
                "Matrix",
                Matrix("table", rows="table_rows", columns="table_columns", lit="table_lit"),
                detail="shapes",
                help="the links into the layer looked at: a column holds one unit's weights, the row of 1 the offsets",
            ),
            Panel(
                "Layers",
                Table("stack", header="stack_header", chosen="stack_chosen"),
                detail="stacked",
                help="the network as one function inside the other, with the numbers of the picked point",
            ),
        ]

    # ------------------------------------------------------------ the plane

    @drawn
    def maps(self) -> list[np.ndarray]:
        """What every unit answers all over the plane, (units, SIDE, SIDE) a layer; shares of one are put about 0."""
        given = plane(self.inputs_chosen)
        with np.errstate(all="ignore"):
            run = self.net.forward((given - self.centre) / self.width if self.scaled else given)
        for layer in range(1, len(run.A)):
            if self.shares_at(layer):
                run.A[layer] *= 2
                run.A[layer] -= 1
        return [a.reshape(len(a), SIDE, SIDE) for a in run.A]

    def shares_at(self, layer: int) -> bool:
        """Whether the units of a layer answer from 0 to 1."""
        if layer == len(self.net.W):
            return self.net.output.startswith(("sigmoid", "softmax"))
        return layer > 0 and self.net.hidden in ("sigmoid", "step")

    @drawn
    def score(self) -> Field:
        layer, unit = self.chosen()
        z = self.maps()[layer][unit]
        return Field(z * np.float32(self.high) if layer == len(self.net.W) else z, PLANE, PLANE)

    @drawn
    def whose(self) -> str:
        """What the big map shows: a share of one stands about 0, as the score 2ŷ − 1."""
        layer, unit = self.chosen()
        name = self.called(layer, unit)
        if self.task != "classes":
            return name
        return f"score {f'2{name} − 1' if self.shares_at(layer) else name}, line at 0"

    @drawn
    def territory(self) -> Field:
        maps = self.maps()[-1]
        return Field(maps.argmax(axis=0) if len(maps) > 1 else (maps[0] < 0).astype(int), PLANE, PLANE)

    @drawn
    def sureness(self) -> np.ndarray:
        """The largest share of one, from all shares equal (0) to certainty (1); of other scores, the lead."""
        maps = self.maps()[-1]
        if self.net.output == "softmax":
            even = 1 / len(maps)
            return ((maps.max(axis=0) + 1) / 2 - even) / (1 - even)
        if len(maps) == 1:
            return np.clip(np.abs(maps[0]), 0, 1)
        second, first = np.partition(maps, len(maps) - 2, axis=0)[-2:]
        return np.clip((first - second) / 2, 0, 1)

    @drawn
    def colours(self) -> np.ndarray:
        """Classes; with a formula, 0 where it is positive and 1 where it is not, in the map's colours."""
        return self.labels if self.task == "classes" else (self.targets[0] <= 0).astype(int)

    @drawn
    def tested(self) -> np.ndarray:
        return np.isin(np.arange(len(self.x)), self.test)

    @drawn
    def sizes(self) -> np.ndarray:
        if self.task != "classes":
            return 0.02 + 0.25 * np.abs(self.targets[0])
        return np.where(np.isin(np.arange(len(self.x)), self.train), 0.11, 0.03)

    @drawn
    def watched_places(self) -> np.ndarray:
        return self.x[self.validation]

    @drawn
    def small(self) -> np.ndarray:
        return np.full(len(self.validation), 0.02)

    @drawn
    def fitted(self) -> Field:
        return Field(self.maps()[-1][0] * np.float32(self.high), PLANE, PLANE)

    @drawn
    def heights(self) -> np.ndarray:
        return self.targets[0] * self.high

    @drawn
    def whose_height(self) -> str:
        return "ŷ, and z on sticks"

    @drawn
    def missed(self) -> Field:
        axis = np.linspace(*PLANE, SIDE)
        x1, x2 = np.meshgrid(axis, axis)
        wanted = self.sampled(np.stack([x1.ravel(), x2.ravel()], axis=1)).reshape(SIDE, SIDE)
        return Field(self.fitted().z - wanted, PLANE, PLANE)

    @drawn
    def missed_is(self) -> str:
        return f"ŷ − z, up to {np.abs(self.missed().z).max():.2g}"

    # ------------------------------------------------------------ units and links

    @drawn
    def links(self) -> Net:
        net, small = self.net, [a[:, APART // 2 :: APART, APART // 2 :: APART] for a in self.maps()]
        last = [self.called(len(net.W), u) for u in range(net.widths[-1])]
        labels = (names(self.inputs_chosen), *[()] * (len(net.W) - 1), last)
        flow = self.flow().dW if self.links_show == "gradient" else ()
        return Net(net.W, net.offsets, small, labels, net.dW, self.held_links(), flow)

    def held_links(self) -> list[np.ndarray]:
        """1 where a weight is frozen, −1 where it is off: by itself, or with the unit at one of its ends."""
        net = self.net
        if not net.held.any() and not any(units.any() for units in net.held_units):
            return []
        tables = [np.where(table[:-1] == OFF, -1, table[:-1]) for table in net.held_links]
        for layer, units in enumerate(net.held_units):
            if layer:
                tables[layer - 1][:, units == FROZEN] = 1
            if layer < len(tables):
                tables[layer][units == OFF] = -1
        return tables

    @drawn
    def picked_place(self) -> np.ndarray:
        seen = self.links_show == "gradient" or self.point >= 0
        return self.x[[self.picked()]] if seen else np.empty((0, 2))

    @drawn
    def all_weights(self) -> list[np.ndarray]:
        return [W.ravel() for W in self.net.W]

    @drawn
    def weights_names(self) -> list[str]:
        return self.layer_names()

    @drawn
    def best_step(self) -> np.ndarray:
        return np.array([float(self.best_t)] if self.best is not None and self.best_t else [])
