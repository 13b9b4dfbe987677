"""On a GPU: steps a second of the CNN's session ÷ a bare torch loop's. Without one it is left out, with the reason."""

from __future__ import annotations

import sys
from statistics import median
from typing import Any

import torch

from lab.catalogue import Catalogue
from lab.session import Session
from tests.bench.measure import row
from tests.bench.overhead import TURNS, plain_cnn, speed

SETTINGS = {"device": "cuda"}


def run() -> list[dict[str, Any]]:
    if not torch.cuda.is_available():
        print("gpu: left out, for torch finds no CUDA GPU on this machine", file=sys.stderr)
        return []
    session, plain = Session(Catalogue().load("cnn"), SETTINGS), plain_cnn(SETTINGS)
    session.seek(100)
    within, alone = [], []
    for _ in range(TURNS):
        within.append(speed(session.step))
        alone.append(speed(plain))
    ratio = median(within) / median(alone)
    detail = {"cnn": f"{median(within):.0f} steps/s in a session, {median(alone):.0f} in a plain loop on {_name()}"}
    return [row("gpu", ratio, 0.9, detail, at_least=True)]


def _name() -> str:
    return str(torch.cuda.get_device_name())
