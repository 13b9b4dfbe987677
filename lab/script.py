"""Script: plain Python that trains the same model on the same data to the same numbers, for "Copy as code"."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

import numpy as np

from lab.experiment import START, STEP, Experiment, mixed

WIDTH = 110
STEPS = 100  # trained by the script of a run that stands at its start


def steps(experiment: Experiment) -> int:
    """As many steps as the run has behind it."""
    return experiment.t or STEPS


def literal(value: Any) -> str:
    """The text that reads back as just this value: no digit is lost."""
    if isinstance(value, np.ndarray):
        flat = value.ravel()
        kind = "" if flat.dtype in (np.dtype(float), np.dtype(np.int64)) and flat.size else f", dtype=np.{flat.dtype}"
        numbers = textwrap.fill(", ".join(repr(number) for number in flat.tolist()), WIDTH - 4, break_long_words=False)
        body = f"np.array([\n{textwrap.indent(numbers, '    ')}\n]{kind})" if len(numbers) > 70 else f"[{numbers}]"
        text = body if len(numbers) > 70 else f"np.array({body}{kind})"
        return text if value.ndim == 1 else f"{text}.reshape{value.shape}"
    if isinstance(value, np.generic):
        return repr(value.item())
    return repr(value)


def assign(**values: Any) -> str:
    """One assignment a line."""
    return "\n".join(f"{name} = {literal(value)}" for name, value in values.items())


def draws(experiment: Experiment, *, start: bool = False, step: bool = True, stages: bool = False) -> str:
    """A function `at_step(t)`, or `at_start()` if asked for, or both, that makes the very generator of this run.

    With `stages` both take the stage within the step as well, for those that draw numbers in several.
    """
    seed, stage = experiment.own.seed, "stage" if stages else "0"
    more = ", stage" if stages else ""
    at_start = f"def at_start({more[2:]}):\n    return np.random.default_rng([{seed}, {START}, 0, 0, {stage}])"
    at_step = f"def at_step(t{more}):\n    return np.random.default_rng([{seed}, {STEP}, t, 0, {stage}])"
    return "\n\n\n".join([at_start] * start + [at_step] * step)


def torch_draws(experiment: Experiment) -> str:
    """Two functions that seed torch as this run did: `at_start()` and `at_step(t)`."""
    seed = experiment.own.seed
    source = inspect.getsource(mixed).replace("(key: Iterable[int]) -> int", "(key)")
    calls = tidy(f"""
        def at_start(stage=0):
            torch.manual_seed(mixed([{seed}, {START}, 0, 0, stage]))


        def at_step(t, stage=0):
            torch.manual_seed(mixed([{seed}, {STEP}, t, 0, stage]))
        """)
    return f"{source}\n\n{calls}"


def tidy(text: str) -> str:
    """A piece of a script as written inside a method: without its common margin."""
    return textwrap.dedent(text).strip("\n")


def loop(body: str, loss: str, stop: str = "") -> str:
    """The training loop over t: these lines at every step, the loss ten times on the way, and an early end if due."""
    text = f"""for t in range(steps):
{textwrap.indent(tidy(body), "    ")}
    if (t + 1) % max(steps // 10, 1) == 0:
        print(f"step {{t + 1}}: loss {{{loss}:.6g}}")"""
    return f"{text}\n    if {stop}:\n        break" if stop else text


def script(experiment: Experiment, needs: str, *parts: str) -> str:
    """The whole script: what it is, what it imports (`import numpy as np`), and its parts."""
    kind = type(experiment)
    done = f"{steps(experiment)} steps"
    name = kind.title[:1].upper() + kind.title[1:]
    head = f'''"""{name}: {done}, with seed {experiment.own.seed}, as in a run of Watchglass."""'''
    return spaced("\n\n".join([head, tidy(needs), *(part.strip("\n") for part in parts if part.strip())]))


def spaced(text: str) -> str:
    """Two empty lines around each function, as Python's style guide has it."""
    lines: list[str] = []
    inside = False  # a function
    for line in text.splitlines():
        top = bool(line) and not line[0].isspace() and not line.startswith(("]", ")", "}"))
        if top and (inside or line.startswith(("def ", "class "))):
            while lines and not lines[-1]:
                lines.pop()
            lines += ["", ""]
        if top:
            inside = line.startswith(("def ", "class "))
        lines.append(line)
    return "\n".join(lines) + "\n"
