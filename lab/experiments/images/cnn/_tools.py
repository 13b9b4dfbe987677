"""What the CNN offers the tools: its weights, each training picture's loss and push, and itself as a PyTorch script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab import script
from lab.experiment import START, STEP, Experiment, mixed

if TYPE_CHECKING:
    from torch import Tensor, nn

TOGETHER = 500  # pictures that go through the net at once


class Tools(Experiment):
    """All in evaluation mode: nothing is dropped, and batch norm takes its kept averages."""

    if TYPE_CHECKING:
        data: str
        tested_on: str
        filters: Any
        kernel: int
        stride: int
        dilation: int
        pooling: str
        order_of: str
        batch_norm: bool
        dropout: float
        optimiser: str
        rate: float
        batch: int
        home: str
        model: nn.Sequential
        x: Tensor
        y: Tensor

        def scores(self, x: Tensor) -> Tensor: ...

    def weights(self) -> dict[str, np.ndarray]:
        """Everything the net has learnt, by torch's names, to be saved."""
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.model.state_dict().items()}

    def sample_loss(self) -> np.ndarray:
        """The cross-entropy of each training picture."""
        import torch
        from torch.nn.functional import cross_entropy

        parts = [
            cross_entropy(self.scores(x), y, reduction="none")
            for x, y in zip(self.x.split(TOGETHER), self.y.split(TOGETHER))
        ]
        return torch.cat(parts).double().cpu().numpy()

    def push(self, i: int) -> dict[str, np.ndarray]:
        """Training picture i's share of the gradient of the mean loss."""
        import torch
        from torch.nn.functional import cross_entropy

        if not 0 <= i < len(self.y):
            raise ValueError(f"there are {len(self.y)} training pictures, numbered from 0; there is no picture {i}")
        self.model.eval()
        try:
            named = dict(self.model.named_parameters())
            J = cross_entropy(self.model(self.x[i : i + 1]), self.y[i : i + 1]) / len(self.y)
            slopes = torch.autograd.grad(J, list(named.values()))
        finally:
            self.model.train()
        return {name: slope.cpu().numpy() for name, slope in zip(named, slopes)}

    # ------------------------------------------------------------ the script

    def code(self) -> str:
        if self.data != "digits":
            raise ValueError(
                f"data is {self.data}: these pictures are too many to write into a script; set it to digits for one"
            )
        return script.script(self, self._needs(), self._pictures(), self._net(), self._training(), self._last())

    def _needs(self) -> str:
        return script.tidy("""
            from collections import OrderedDict

            import numpy as np
            import torch
            from sklearn.datasets import load_digits
            from torch import nn
            from torch.nn.functional import cross_entropy
            """)

    def _pictures(self) -> str:
        on = f', device="{self.home}"' if self.home != "cpu" else ""
        if self.tested_on == "the last fifth":
            order = "order = np.arange(len(digits.target))  # writer by writer"
        else:
            order = "order = np.random.default_rng(0).permutation(len(digits.target))"
        return f"""# 1797 digits of 8 by 8 pixels, from 0 to 1. The last fifth in this order is kept to test the net on.
digits = load_digits()
{order}
x = torch.tensor(digits.images[order] / 16, dtype=torch.float32{on})[:, None]
y = torch.tensor(digits.target[order]{on})
cut = len(y) * 4 // 5
x, test_x, y, test_y = x[:cut], x[cut:], y[:cut], y[cut:]"""

    def _net(self) -> str:
        """The layers in their order; where the run draws for dropout in every step, torch is seeded in every step."""
        seeds = script.torch_draws(self) if self.dropout else ""
        seed = "at_start()" if self.dropout else f"torch.manual_seed({mixed((self.own.seed, START, 0, 0, 0))})"
        layers = "\n".join(
            f'    ("{name}", nn.{written(layer)}),'
            for name, layer in self.model.named_children()
            if self.dropout or name != "dropout"
        )
        home = f'.to("{self.home}")' if self.home != "cpu" else ""
        return f"{seeds}\n\n\n{seed}\nnet = nn.Sequential(OrderedDict([\n{layers}\n])){home}"

    def _training(self) -> str:
        kinds = {
            "SGD": "SGD(net.parameters(), lr={})",
            "momentum": "SGD(net.parameters(), lr={}, momentum=0.9)",
            "Nesterov": "SGD(net.parameters(), lr={}, momentum=0.9, nesterov=True)",
            "RMSProp": "RMSprop(net.parameters(), lr={})",
        }
        kind = kinds.get(self.optimiser, f"{self.optimiser}(net.parameters(), lr={{}})")
        return "\n\n".join([
            f"{script.assign(steps=script.steps(self), size=self.batch)}\n"
            f"descent = torch.optim.{kind.format(self.rate)}",
            f"def shuffled(purpose, t):\n"
            f"    return np.random.default_rng([{self.own.seed}, purpose, t, 0, 0]).permutation(len(y))",
            f"epoch, at = shuffled({START}, 0), 0  # every training digit once, in a new order",
            script.loop(
                f"""
                {"at_step(t)" if self.dropout else ""}
                batch = epoch[at : at + size]
                loss = cross_entropy(net(x[batch]), y[batch])
                descent.zero_grad()
                loss.backward()
                descent.step()
                at += len(batch)
                if at == len(epoch):
                    epoch, at = shuffled({STEP}, t), 0
                """,
                "loss.item()",
            ),
        ])  # fmt: skip

    def _last(self) -> str:
        evaluation = "net.eval()\n" if self.batch_norm or self.dropout else ""
        return f"""{evaluation}with torch.no_grad():
    right = (net(test_x).argmax(dim=1) == test_y).double().mean().item()
print(f"test accuracy {{right:.4f}}")

weights = {{name: tensor.cpu().numpy() for name, tensor in net.state_dict().items()}}"""


def written(layer: nn.Module) -> str:
    """A layer as one writes it: with what differs from torch's defaults."""
    from torch import nn

    if isinstance(layer, nn.Conv2d):
        usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
        odd = [f"{key}={getattr(layer, key)[0]}" for key, value in usual.items() if getattr(layer, key) != value]
        numbers = [layer.in_channels, layer.out_channels, layer.kernel_size[0], *odd]
        return f"Conv2d({', '.join(map(str, numbers))}{', bias=False' if layer.bias is None else ''})"
    if isinstance(layer, nn.Linear):
        return f"Linear({layer.in_features}, {layer.out_features})"
    first = {nn.BatchNorm2d: "num_features", nn.MaxPool2d: "kernel_size", nn.AvgPool2d: "kernel_size", nn.Dropout: "p"}
    name = type(layer).__name__
    return f"{name}({getattr(layer, first[type(layer)]) if type(layer) in first else ''})"
