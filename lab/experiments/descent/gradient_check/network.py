"""Network: the gradient of a small network's loss is checked weight by weight, until a planted bug is found."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Net, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Layout, Line, Note, Panel, Row
from lab.marks import Network as Links
from lab.maths.differences import nudged, relative_error
from lab.maths.layers import ACTIVATIONS, Network

GOOD, BAD = 1e-6, 1e-3  # below: right; above: wrong; between: look at h, or for a kink
FLOOR = 1e-13
BUGS = {
    "none": "",
    "slope forgotten": "the activation's slope f′(z) was left out on the way back",
    "mean forgotten": "the sum over the samples was not divided by n",
    "offsets forgotten": "the offsets were given no gradient",
    "penalty forgotten": "the loss has the penalty, its gradient has not",
    "one sign": "a single weight has the wrong sign",
}


class NetworkCheck(Experiment):
    pace = 3
    bug = Choice(list(BUGS), "slope forgotten", restarts=True, help="what is wrong in the backward pass")
    hidden = Count(4, 1, 8, symbol="m", label="Hidden units", restarts=True, help="units in the hidden layer")
    activation = Choice(list(ACTIVATIONS), "tanh", symbol="f", restarts=True, help="what a hidden unit does to its sum")
    n = Count(12, 1, 100, label="Samples", restarts=True, help="how many samples the loss is the mean of")
    penalty = Slider(0.1, 0, 1, symbol="λ", restarts=True, help="adds λ/2 times each squared weight to the loss")
    h = Slider(1e-5, 1e-14, 0.1, log=True, symbol="h", label="Nudge", restarts=True, help="how far a weight is nudged")
    rule = Choice(["central", "forward"], symbol="D", restarts=True, help="the difference that is taken")

    prompts = (
        ("No bug: how small are the errors?", {"bug": "none"}),
        ("The slope is forgotten: which layer is accused?", {"bug": "slope forgotten"}),
        ("One wrong sign among all weights: is it found?", {"bug": "one sign"}),
        ("No bug, but a tiny h: would you believe the check?", {"bug": "none", "h": 1e-12}),
        ("No penalty, and its bug cannot be seen", {"bug": "penalty forgotten", "penalty": 0}),
        ("Every gradient n times too large: what would training have shown?", {"bug": "mean forgotten"}),
    )
    metrics = {"error": "relative error", "worst": "worst so far"}
    fixed = ("x", "y")
    tiny = {"n": 5, "hidden": 2}

    # ------------------------------------------------------------ the check

    def start(self) -> None:
        self.net = Network((2, self.hidden, 1), self.activation, "sigmoid", np.float64)
        self.net.draw_weights(self.rng)
        self.x = self.rng.normal(size=(2, self.n))
        self.y = (self.x[:1] * self.x[1:] > 0).astype(float)
        self.analytic = self.backward()
        self.numeric = np.zeros_like(self.analytic)
        self.k = 0

    def step(self) -> Metrics:
        """Nudge one weight, and compare the loss's answer with the backward pass."""
        k = self.k
        self.numeric = self.numeric.copy()
        self.numeric[k] = nudged(self.loss, self.net.theta, (k,), self.h, self.rule)
        self.k += 1
        if self.k == len(self.numeric):
            self.finish(self.verdict())
        errors = self.errors()
        return {"error": float(errors[-1]), "worst": float(errors.max())}

    def loss(self, theta: np.ndarray) -> float:
        net = Network(self.net.widths, self.activation, "sigmoid", np.float64)
        net.theta[:] = theta
        run = net.forward(self.x, sums=True)
        mean = net.losses(run.Z[-1], self.y).sum() / self.n
        return float(mean + self.penalty / 2 * sum((W**2).sum() for W in net.W))

    def backward(self) -> np.ndarray:
        """∂J/∂θ by back-propagation, with the bug planted in it."""
        run, slopes = self.net.forward(self.x, sums=True), list[np.ndarray]()
        delta = run.A[-1] - self.y
        if self.bug != "mean forgotten":
            delta = delta / self.n
        for layer in (1, 0):
            W = self.net.W[layer]
            dW, d_offsets = run.A[layer] @ delta.T, delta.sum(axis=1)
            if self.bug != "penalty forgotten":
                dW = dW + self.penalty * W
            if self.bug == "offsets forgotten":
                d_offsets = 0 * d_offsets
            slopes.insert(0, np.vstack([dW, d_offsets]))
            delta = W @ delta
            if self.bug != "slope forgotten" and layer:
                delta = delta * ACTIVATIONS[self.activation].slope(run.Z[0], run.A[1])
        if self.bug == "one sign":
            slopes[0][1, 0] *= -1
        return np.concatenate([table.ravel() for table in slopes])

    def errors(self) -> np.ndarray:
        """The relative error of every weight checked so far."""
        return relative_error(self.analytic[: self.k], self.numeric[: self.k])

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        return Row(
            Column(
                Panel(
                    "Relative error",
                    Guide(y="bad", label="wrong above", tint="warn"),
                    Guide(y="good", label="right below", tint="2"),
                    Dots("checked", colour="judged", big=True),
                    x="weight k",
                    y="|D − g| / max(|D|, |g|)",
                    log_y=True,
                    range_x=(-0.5, len(self.analytic) - 0.5),
                    range_y=(-13.5, 0.8),
                    help="each weight of the network in its turn; errors below 10⁻¹³ are drawn there",
                ),
                Panel("Check", Equation("update"), Note("said")),
                sizes=(2, 1),
            ),
            Column(
                Panel(
                    "Found wrong",
                    Links("accused"),
                    detail="progress",
                    help="links as strong as the relative error of their weight: a right gradient leaves them dark",
                ),
                Panel(
                    "Two gradients",
                    Line("diagonal", tint="quiet", dashed=True),
                    Dots("pairs", colour="judged"),
                    x="by back-propagation g",
                    y="by differences D",
                    help="a right gradient lies on the diagonal",
                ),
                Panel("Worst so far", Curve("worst", log_y=True), x="weight k", y="relative error", shown=False),
                sizes=(1, 1, 1),
            ),
            sizes=(3, 2),
        )

    @drawn
    def checked(self) -> np.ndarray:
        return np.column_stack([np.arange(self.k), np.maximum(self.errors(), FLOOR)])

    @drawn
    def judged(self) -> np.ndarray:
        """Right, or wrong."""
        return np.where(self.errors() > BAD, 0, 2)

    @drawn
    def good(self) -> np.ndarray:
        return np.array([GOOD])

    @drawn
    def bad(self) -> np.ndarray:
        return np.array([BAD])

    @drawn
    def accused(self) -> Net:
        wrong = np.zeros(len(self.analytic))
        wrong[: self.k] = np.where(self.errors() > GOOD, np.minimum(self.errors(), 1), 0)
        first = 3 * self.hidden
        tables = [wrong[:first].reshape(3, -1), wrong[first:].reshape(-1, 1)]
        names = (("x₁", "x₂"), (), ("ŷ",))
        return Net([table[:-1] for table in tables], [table[-1] for table in tables], (), names)

    @drawn
    def pairs(self) -> np.ndarray:
        return np.column_stack([self.analytic[: self.k], self.numeric[: self.k]])

    @drawn
    def diagonal(self) -> np.ndarray:
        reach = 1.1 * np.abs(self.analytic).max()
        return np.array([[-reach, -reach], [reach, reach]])

    @drawn
    def progress(self) -> str:
        return f"{self.k} of {len(self.analytic)} weights"

    @drawn
    def update(self) -> Update:
        k = max(self.k - 1, 0)
        numbers = {r"g_k": self.analytic[k]} | ({"D_k": self.numeric[k]} if self.k else {})
        return Update(r"\rho_k = \frac{|D_k - g_k|}{\max(|D_k|, |g_k|)}", numbers)

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if not self.k:
            return "Step: each weight is nudged up and down, and the loss tells its slope."
        wrong = int((self.errors() > BAD).sum())
        return (
            f"{self.name_of(self.k - 1)}: relative error {self.errors()[-1]:.1e}. {wrong} of {self.k} are wrong so far."
        )

    def name_of(self, k: int) -> str:
        first = 3 * self.hidden
        if k < first:
            row, unit = divmod(k, self.hidden)
            return f"Layer 1, {('x₁', 'x₂', 'offset')[row]} → unit {unit + 1}"
        return "Layer 2, offset" if k == len(self.analytic) - 1 else f"Layer 2, unit {k - first + 1} → ŷ"

    def verdict(self) -> str:
        wrong, cost = np.flatnonzero(self.errors() > BAD), len(self.numeric) * (2 if self.rule == "central" else 1)
        if not len(wrong):
            hint = " The planted bug changes nothing with these settings." if self.bug != "none" else ""
            if self.errors().max() > GOOD:
                return "Neither right nor wrong: some errors are between the lines. Take another h, or mind a kink."
            worst = number(self.errors().max())
            return f"The gradient is right: the worst relative error is {worst}, after {cost} losses.{hint}"
        where = self.name_of(int(wrong[0])) + (f" and {len(wrong) - 1} more" if len(wrong) > 1 else "")
        why = f" The bug: {BUGS[self.bug]}." if self.bug != "none" else " There is no bug: h is a bad choice."
        return f"{len(wrong)} of {len(self.numeric)} weights are wrong: {where}.{why}"


def number(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")
