"""An epoch and all units' maps in the lab ÷ the same matrix products alone.

The products alone, in float32 with `out=`: for each of 25 batches of 10 points through 2-8-8-1, the three of the
forward pass, the three of the weights' gradients and the two that carry the error back; and for the maps, the
three products over a grid of 100 × 100 points.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from lab.catalogue import Catalogue
from lab.session import Session
from tests.bench.measure import row, taken

WIDTHS, BATCH, BATCHES, GRID = (2, 8, 8, 1), 10, 25, 100 * 100


def run() -> list[dict[str, Any]]:
    settings = {"points": {"kind": "circle", "n": 250}, "layers": [8, 8], "batch": BATCH, "test_share": 0.0}
    session = Session(Catalogue().load("neural-network"), settings)
    session.seek(100)
    network: Any = session.experiment
    assert [len(a) for a in network.maps()] == list(WIDTHS)

    def epoch() -> None:
        for _ in range(BATCHES):
            session.step()

    def maps() -> None:
        session.step()
        network.maps()

    products, wide = _epoch_products(), _map_products()
    ours_epoch, ours_maps, step, bare_epoch, bare_maps = taken(epoch, maps, session.step, products, wide, turns=61)
    ours_maps -= step
    ratio = (ours_epoch + ours_maps) / (bare_epoch + bare_maps)
    detail = {
        "ours": f"{1000 * ours_epoch:.2f} ms an epoch + {1000 * ours_maps:.2f} ms the maps",
        "products alone": f"{1000 * bare_epoch:.2f} ms + {1000 * bare_maps:.2f} ms",
    }
    return [row("playground", ratio, 3, detail)]


def _tables(n: int) -> tuple[list[Any], list[Any]]:
    rng = np.random.default_rng(0)
    W = [rng.normal(size=(n_in, n_out)).astype(np.float32) for n_in, n_out in pairwise(WIDTHS)]
    A = [rng.normal(size=(width, n)).astype(np.float32) for width in WIDTHS]
    return W, A


def _epoch_products() -> Any:
    W, A = _tables(BATCH)
    dW, dA = [np.empty_like(w) for w in W], [np.empty_like(a) for a in A]

    def products() -> None:
        for _ in range(BATCHES):
            for i, w in enumerate(W):
                np.matmul(w.T, A[i], out=dA[i + 1])
            for i in (2, 1, 0):
                np.matmul(A[i], dA[i + 1].T, out=dW[i])
                if i:
                    np.matmul(W[i], dA[i + 1], out=dA[i])

    return products


def _map_products() -> Any:
    W, A = _tables(GRID)

    def products() -> None:
        for i, w in enumerate(W):
            np.matmul(w.T, A[i], out=A[i + 1])

    return products
