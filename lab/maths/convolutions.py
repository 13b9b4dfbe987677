"""Convolution as the texts mean it: the filter slides over the picture unflipped (others call that correlation)."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray


def windows(x: Array, size: int, padding: int = 0, fill: float = 0.0, stride: int = 1, dilation: int = 1) -> Array:
    """Every window of a picture (…, height, width), as (…, rows, columns, size, size); `fill` stands in the border."""
    reach = dilation * (size - 1) + 1
    x = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2, constant_values=fill)
    if min(x.shape[-2:]) < reach:
        raise ValueError(
            f"size: a filter that reaches over {reach} pixels needs a picture as large, not {x.shape[-2:]}"
        )
    found = sliding_window_view(x, (reach, reach), axis=(-2, -1))
    return found[..., ::stride, ::stride, ::dilation, ::dilation]


def correlation(x: Array, f: Array, padding: int = 0, fill: float = 0.0, stride: int = 1, dilation: int = 1) -> Array:
    """y = Σ v·f at every place; both may have channels, (m, height, width), which are summed over."""
    seen = windows(x, f.shape[-1], padding, fill, stride, dilation)
    return np.einsum("...rcij,...ij->rc" if x.ndim == 2 else "mrcij,mij->rc", seen, f)
