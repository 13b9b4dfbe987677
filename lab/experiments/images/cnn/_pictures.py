"""The pictures of the CNN: one picture on its way through, filters, what a unit sees, and who is misread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab.data.images import Pictures as Set
from lab.experiment import drawn
from lab.experiments.images.cnn._layout import PANELS
from lab.experiments.images.cnn._receptive import Window, windows

if TYPE_CHECKING:
    from torch import Tensor, nn

MOST_MAPS = 32
STRIP = 24  # test pictures in a row, to be picked from
EXAMPLES = 24
DEEP = 8  # filters a layer whose favourite place is shown
SEARCHED = 200  # test pictures that it is looked for in
STAGES = [f"{kind} {layer}" for layer in (1, 2, 3) for kind in ("conv", "norm", "ReLU", "pool")]


class Pictures:
    """What is drawn of a CNN in training."""

    panels = PANELS
    model: Any
    tested: Set
    test_x: Any
    names: tuple[str, ...]
    pixels: tuple[int, ...]
    home: str
    epoch: int
    source: Any
    drawing: Any
    image: Any
    layer: Any
    channel: Any
    unit: Any
    cell: Any
    batch_norm: Any
    pooling: Any
    device: Any

    def scores(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def part(self, name: str) -> Any:
        raise NotImplementedError

    # ------------------------------------------------------------ the picture on its way through the net

    @drawn
    def number(self) -> int:
        """Which test picture is looked at; a number beyond the last means the last."""
        return min(self.image, len(self.tested) - 1)

    @drawn
    def sent(self) -> Tensor:
        """What goes through the net, (1, height, width): a test picture, or the drawing at the size of the others."""
        if self.source == "test picture":
            return self.test_x[self.number()]
        from torch import tensor
        from torch.nn.functional import interpolate

        drawing = tensor(np.array(self.drawing, dtype=np.float32), device=self.home)
        return interpolate(drawing[None, None], size=self.pixels, mode="area")[0]

    def keep(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        """A forward hook, there only while a picture is drawn: what each layer gives."""
        self.passed.append(output)

    def through(self, x: Tensor) -> dict[str, Tensor]:
        """What each layer makes of pictures, by the layer's name."""
        hooks = [layer.register_forward_hook(self.keep) for layer in self.model]
        self.passed: list[Tensor] = []
        try:
            self.scores(x)
            return dict(zip(dict(self.model.named_children()), self.passed))
        finally:
            del self.passed  # it is no part of the state
            for hook in hooks:
                hook.remove()

    @drawn
    def stages(self) -> dict[str, Tensor]:
        return {name: value[0] for name, value in self.through(self.sent()[None]).items()}

    @drawn
    def stage(self) -> str:
        """The layer looked at; for one that this net has not, the last before it."""
        return [name for name in STAGES[: STAGES.index(self.layer) + 1] if name in self.stages()][-1]

    @drawn
    def maps(self) -> Tensor:
        return self.stages()[self.stage()]

    @drawn
    def chosen(self) -> int:
        """The map looked at; a number beyond the last means the last."""
        return min(self.channel, len(self.maps()) - 1)

    @drawn
    def numbers(self) -> list[str]:
        return [str(number) for number in range(len(self.maps()))]

    @drawn
    def passage(self) -> np.ndarray:
        """The map looked at after each stage of its layer, all drawn as large as the largest."""
        maps = [self.stages()[name][min(self.chosen(), len(self.stages()[name]) - 1)] for name in self.passage_names()]
        return np.stack([enlarged(one.cpu().numpy(), maps[0].shape) for one in maps])

    @drawn
    def passage_names(self) -> list[str]:
        return [name for name in self.stages() if name in STAGES and name[-1] == self.stage()[-1]]

    @drawn
    def log_p(self) -> np.ndarray:
        """ln p of each class: finite also where p itself is too small for a number."""
        return self.stages()["dense"].cpu().double().log_softmax(dim=0).numpy()

    @drawn
    def probabilities(self) -> np.ndarray:
        return np.exp(self.log_p())

    @drawn
    def classes(self) -> tuple[str, ...]:
        return self.names

    # ------------------------------------------------------------ filters

    @drawn
    def first_filters(self) -> Tensor:
        return self.part("conv 1").weight[:, 0]

    @drawn
    def offsets(self) -> list[str]:
        layer = self.part("norm 1" if self.batch_norm else "conv 1")
        return [f"{round(offset, 2) + 0.0:+.2f}".replace("-", "−") for offset in layer.bias.tolist()]  # never −0.00

    @drawn
    def first(self) -> int:
        """The first-layer filter behind the map looked at; none is framed for a map further on."""
        return self.chosen() if self.behind() == "conv 1" else -1

    @drawn
    def slices(self) -> Tensor:
        """The filter behind the map looked at, (maps of the layer before, k, k)."""
        return self.part(self.behind()).weight[self.chosen()]

    @drawn
    def slice_names(self) -> list[str]:
        return [str(number) for number in range(len(self.slices()))]

    @drawn
    def behind(self) -> str:
        """The convolution that the layer looked at belongs to."""
        return f"conv {self.stage()[-1]}"

    # ------------------------------------------------------------ what a unit sees

    @drawn
    def windows(self) -> dict[str, Window]:
        return windows(self.model.named_children())

    @drawn
    def picked(self) -> tuple[int, int]:
        """Row and column of the unit looked at; beyond the edge means the last."""
        height, width = self.maps().shape[1:]
        return min(int(self.unit[0]), height - 1), min(int(self.unit[1]), width - 1)

    @drawn
    def map_cells(self) -> Tensor:
        return self.maps()[self.chosen()]

    @drawn
    def unit_lit(self) -> np.ndarray:
        lit = np.zeros(self.map_cells().shape, dtype=bool)
        lit[self.picked()] = True
        return lit

    @drawn
    def input_cells(self) -> Tensor:
        return self.sent()[0]

    @drawn
    def seen(self) -> np.ndarray:
        """The pixels that the unit picked can see; the padding around the picture is not drawn."""
        lit = np.zeros(self.pixels, dtype=bool)
        (top, bottom), (left, right) = (self.windows()[self.stage()].at(index) for index in self.picked())
        lit[max(top, 0) : bottom + 1, max(left, 0) : right + 1] = True
        return lit

    @drawn
    def features(self) -> np.ndarray:
        """Per layer, what DEEP filters see at the place that excites them most; blank where a layer has fewer."""
        found, side = self.through(self.test_x[:SEARCHED]), max(self.pixels)
        rows = []
        for name in self.convolutions():
            last = name.replace("conv", "ReLU")
            maps, window, pictures = found[last], self.windows()[last], self.tested.images[:SEARCHED]
            cut = np.zeros((DEEP, side, side), dtype=np.float32)
            for number, strength in enumerate(maps[:, :DEEP].transpose(0, 1).cpu()):
                picture, *place = np.unravel_index(int(strength.argmax()), strength.shape)
                (top, bottom), (left, right) = (window.at(int(index)) for index in place)
                around = window.size
                padded = np.pad(pictures[picture], around)
                patch = padded[top + around : bottom + around + 1, left + around : right + around + 1]
                cut[number] = enlarged(patch, (side, side))
            rows.append(cut)
        return np.concatenate(rows)

    @drawn
    def feature_names(self) -> list[str]:
        return [
            f"{name[-1]} · {number}" if number < self.part(name).out_channels else ""
            for name in self.convolutions()
            for number in range(DEEP)
        ]

    def convolutions(self) -> list[str]:
        return [name for name in dict(self.model.named_children()) if name.startswith("conv")]

    # ------------------------------------------------------------ test pictures

    @drawn
    def picture(self) -> Tensor:
        return self.sent()

    @drawn
    def strip(self) -> np.ndarray:
        return self.tested.images[:STRIP]

    @drawn
    def read(self) -> np.ndarray:
        """The answer to each test picture."""
        return self.scores(self.test_x).argmax(dim=1).cpu().numpy()

    def verdicts(self, which: Any) -> list[str]:
        pairs = zip(self.read()[which].tolist(), self.tested.labels[which].tolist())
        return [
            self.names[answer] if answer == truth else f"{self.names[answer]}≠{self.names[truth]}"
            for answer, truth in pairs
        ]

    @drawn
    def answers(self) -> list[str]:
        return self.verdicts(slice(STRIP))

    @drawn
    def confusion(self) -> np.ndarray:
        """How many test pictures of class i (row) are read as class j (column)."""
        table = np.zeros((len(self.names), len(self.names)), dtype=int)
        np.add.at(table, (self.tested.labels, self.read()), 1)
        return table

    @drawn
    def cell_lit(self) -> np.ndarray:
        lit = np.zeros((len(self.names), len(self.names)), dtype=bool)
        if self.in_table():
            lit[self.row_column()] = True
        return lit

    def row_column(self) -> tuple[int, int]:
        return int(self.cell[0]), int(self.cell[1])

    def in_table(self) -> bool:
        return min(self.row_column()) >= 0 and max(self.row_column()) < len(self.names)

    @drawn
    def members(self) -> np.ndarray:
        """The test pictures of the cell picked, or all that are misread."""
        truth, read = self.tested.labels, self.read()
        if not self.in_table():
            return np.flatnonzero(truth != read)
        row, column = self.row_column()
        return np.flatnonzero((truth == row) & (read == column))

    @drawn
    def examples(self) -> np.ndarray:
        return self.tested.images[self.members()[:EXAMPLES]]

    @drawn
    def example_names(self) -> list[str]:
        return self.verdicts(self.members()[:EXAMPLES])


def enlarged(picture: np.ndarray, to: tuple[int, ...]) -> np.ndarray:
    """The same picture at another size, its pixels repeated."""
    rows, columns = (np.arange(new) * old // new for new, old in zip(to, picture.shape))
    return picture[rows[:, None], columns]
