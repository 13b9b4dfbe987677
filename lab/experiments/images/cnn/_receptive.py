"""Receptive fields: which pixels of the input a unit of a feature map sees, from kernels, strides and paddings."""

from __future__ import annotations

from typing import Any, NamedTuple


class Window(NamedTuple):
    """What a unit at index i of a map sees along one axis: pixels first + i·jump to first + i·jump + size − 1."""

    size: int = 1
    jump: int = 1
    first: int = 0

    def over(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Window:
        """The window of the next layer, which looks at `kernel` units of this one, `dilation` apart."""
        return Window(
            self.size + dilation * (kernel - 1) * self.jump, self.jump * stride, self.first - padding * self.jump
        )

    def at(self, index: int) -> tuple[int, int]:
        """The first and the last pixel; they may lie in the padding."""
        start = self.first + index * self.jump
        return start, start + self.size - 1


def windows(layers: Any) -> dict[str, Window]:
    """The window of each layer of maps, by name; `layers` are pairs of a name and a torch module."""
    window, found = Window(), {}
    for name, layer in layers:
        if name == "flatten":
            break
        if hasattr(layer, "kernel_size"):
            numbers = (layer.kernel_size, layer.stride, layer.padding, getattr(layer, "dilation", 1))
            window = window.over(*(n[0] if isinstance(n, tuple) else n for n in numbers))
        found[name] = window
    return found
