"""logistic regression: a probability map turns as the loss falls, every point pulling with (σ − y) x."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Dataset, Point, Slider, Switch
from lab.data.points import Points
from lab.experiment import Experiment, Metrics, action
from lab.experiments.lines.logistic_regression._judged import Judged
from lab.experiments.lines.logistic_regression._pictures import EDGE
from lab.experiments.lines.logistic_regression._tools import (
    AWAY,
    CHANCE,
    DESCENT,
    LEAST,
    MINI,
    NEWTON,
    SINGLE,
    ZERO,
    Tools,
)
from lab.marks import (
    Arrows,
    Bars,
    Column,
    Curve,
    Dots,
    Equation,
    GraphView,
    Guide,
    Heat,
    Line,
    Matrix,
    Note,
    Panel,
    Row,
    Table,
    Tabs,
    Trail,
)
from lab.maths.batches import Batches
from lab.maths.logistic import gradient, growth, hessian, objective
from lab.maths.logistic import sigmoid as sigma  # the scene sigmoid takes its own name here

FEW = 400  # points up to which the kernel form is worked out beside: its Gram matrix grows as n²
LAW = (
    "A line separates: |θ| grows as ln(1 + cηt)/ρ, where ρ is the largest margin and c comes from the points on it. "
    "The law is drawn at λ = 0 for descent from near 0"
)
APART = {"kind": "two gaussians", "n": 40, "noise": 0}


def pair(left: float, right: float) -> dict[str, Any]:
    """Two points on a line, of two classes."""
    return Points([(left, 0), (right, 0)], [0, 1]).to_json()


class LogisticRegression(Judged, Tools, Experiment):
    pace = 8
    scenes = ("sigmoid", "one-input", "landscape", "sheet", "cancer", "generative")

    points = Dataset(
        "two gaussians",
        kinds=("two gaussians", "line", "moons", "circle", "xor"),
        n=100,
        noise=0.45,
        help="click to add a point (hold 1 for the other class), drag to move it, right-click to take it away",
    )
    method = Choice([DESCENT, MINI, SINGLE, NEWTON], restarts=True, help="what each step looks at, and how it moves θ")
    batch = Count(10, 1, 500, symbol="b", when={"method": (MINI,)}, help="points in a mini-batch")
    rate = Slider(
        0.1,
        1e-3,
        100,
        log=True,
        symbol="η",
        limit="safe",
        when={"method": (DESCENT, MINI, SINGLE)},
        help="step size; marks: 1/μ and 2/μ, μ being the largest eigenvalue of the Hessian here",
    )
    penalty = Slider(0, 0, 1, symbol="λ", help="how much λ‖θ‖² weighs in J; the offset θ₀ is left out of it")
    begin = Choice([AWAY, ZERO, CHANCE], symbol="θ(0)", restarts=True, help="the weights before the first step")
    offset = Switch(True, symbol="θ₀", restarts=True, help="append a 1 to every x; without it p = ½ at the origin")
    tolerance = Slider(1e-9, 1e-15, 1e-2, log=True, symbol="ε", help="GD and Newton stop at |ΔJ| < ε")
    tau = Slider(0.5, 0.01, 0.99, symbol="τ", label="Threshold", view=True, help="say 1 where the probability is more")
    miss = Slider(1, 0.1, 20, view=True, label="Cost of a miss", help="saying 0 where it is 1")
    alarm = Slider(1, 0.1, 20, view=True, label="Cost of a false alarm", help="saying 1 where it is 0")
    signs = Choice(["0 and 1", "−1 and 1"], symbol="y", label="Labels", view=True, help="how the loss writes a class")
    rival = Switch(False, label="LDA line", view=True, help="the line of two Gaussians with one covariance, beside")
    picked = Count(0, 0, 4999, symbol="i", label="Point", view=True, help="whose chain is shown; or click a point")
    along = Choice(["θ₁", "θ₂", "θ₀"], label="Weight", view=True, help="whose pulls and step are shown")
    place = Point((0, 0), view=True, label="Probability at", help="where the probability is read; or move the mouse")
    p = Point((-1, 3), x=(-20, 20), y=(-20, 20), view=True, label="Chord from", help="drag it in the panel Bowl")
    q = Point((3, -1), x=(-20, 20), y=(-20, 20), view=True, label="Chord to", help="drag it in the panel Bowl")

    metrics = {"loss": "J", "nll": "mean NLL", "accuracy": "A(τ = ½)", "length": "|θ|", "law": "ln(1 + cηt)/ρ"}
    fixed = ("X", "y", "labels")
    diverges = "η is past 2/(2λ): each step overshoots the penalty's minimum by more than the last."
    prompts = (
        ("Watch the map turn: which points pull most?", {"points": "two gaussians", "method": DESCENT}),
        ("Separable data, λ = 0: does θ ever rest?", {"points": APART, "penalty": 0, "rate": 2, "begin": ZERO}),
        ("The same with λ = 0.05: how sure is it now?", {"points": APART, "penalty": 0.05, "rate": 2, "begin": ZERO}),
        ("Newton: how many steps does it need?", {"points": "two gaussians", "method": NEWTON}),
        ("A miss costs ten false alarms: where should τ be?", {"miss": 10, "alarm": 1, "tau": 0.09}),
    )
    presets = {
        "One point at a time": {"method": SINGLE, "rate": 0.1},
        "λ = 0.2 on two points: minimum at 0.784": {"points": pair(-1, 1), "penalty": 0.2, "rate": 1, "begin": ZERO},
        "A gap from −3 to 3: surer and surer": {"points": pair(-3, 3), "rate": 0.1, "begin": ZERO},
        "Two points: the Hessian is singular": {"points": pair(-1, 1), "begin": ZERO},
        "Newton on separable data: no minimum": {"points": APART, "method": NEWTON},
        "No offset: pinned at ½": {"offset": False},
        "1,200 points: the product underflows": {"points": {"n": 1200}, "begin": ZERO},
        "A threshold of 0.9": {"tau": 0.9},
        "XOR: no line will do": {"points": "xor", "rate": 0.3},
    }
    tiny = {"points": {"n": 20}, "method": SINGLE, "begin": CHANCE}

    # ------------------------------------------------------------ the algorithm

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        """Newton's full step needs a start that is not far off."""
        return {"begin": ZERO} if name == "method" and value == NEWTON else {}

    def start(self) -> Metrics:
        self.take_points()
        d = self.X.shape[1]
        self.theta: np.ndarray = np.zeros(d)
        if self.begin == CHANCE:
            self.theta = self.rng.normal(size=(d,))
        elif self.begin == AWAY:  # a right angle and more from where it will go
            apart = self.X[self.y == 1][:, :2].sum(axis=0) - self.X[self.y == 0][:, :2].sum(axis=0)
            turned = np.array([-apart[1] - 0.6 * apart[0], apart[0] - 0.6 * apart[1]])
            self.theta[:2] = 1.5 * turned / (float(np.linalg.norm(turned)) or 1.0)
        self.from_here()
        return self.measured()

    def step(self) -> Metrics:
        """θ ← θ − η ∇J over a batch, or Newton's θ ← θ − H⁻¹ ∇J. Stop at |ΔJ| < ε."""
        batch, before = self.next_batch(), self.J()
        X, y, ridge = self.X[batch], self.y[batch], self.ridge()
        slope = gradient(self.theta, X, y, ridge)
        if self.method == NEWTON:
            H = hessian(self.theta, X, ridge)
            if self.singular(H):
                return self.measured()
            move = -np.linalg.solve(H, slope)
        else:
            self.kernel_step(batch)
            move = -self.rate * slope
        self.before, self.slope, self.seen = self.theta, slope, batch
        self.theta = self.theta + move
        self.eta_sum += self.rate
        if self.method in (DESCENT, NEWTON) and abs(self.J() - before) < self.tolerance:
            endless = self.rho > 0 and not self.penalty
            self.finish(
                "|ΔJ| < ε stops it, not a minimum: a line separates the classes, so a longer θ is always better."
                if endless
                else "|ΔJ| < ε: this is the minimum, and J is convex, so there is no other."
            )
        return self.measured()

    def kernel_step(self, batch: np.ndarray) -> None:
        """The same step without θ: w = r + Σ βᵢ xᵢ is never formed, scores come from inner products ⟨xᵢ, xⱼ⟩."""
        if not len(self.beta):
            return
        x, eta = self.X[:, :2], self.rate
        scores = x[batch] @ x.T @ self.beta + x[batch] @ self.root[:2] + self.bias
        pull = (sigma(scores) - self.y[batch]) / len(batch)
        kept = 1 - 2 * eta * self.penalty
        self.beta, self.root = kept * self.beta, kept * self.root
        self.beta[batch] -= eta * pull
        self.bias -= eta * float(pull.sum()) * self.offset

    def next_batch(self) -> np.ndarray:
        n = len(self.y)
        if self.method in (DESCENT, NEWTON):
            return np.arange(n)
        if not len(self.batches.order):
            self.batches.begin(self.rng, 1, "shuffled each epoch")
        return self.batches.take(self.rng, min(self.batch if self.method == MINI else 1, n), "shuffled each epoch")

    def singular(self, H: np.ndarray) -> bool:
        values = np.linalg.eigvalsh(H)
        if values[0] > LEAST * max(values[-1], LEAST):
            return False
        if np.linalg.matrix_rank(self.X) < len(H):
            why = "these points do not say how each weight should move."
        elif self.rho > 0:
            why = "the classes are separable, θ runs away for ever, and there is no minimum to find."
        else:
            why = "the last step went so far that p is 0 or 1 at every point. Begin nearer, at θ = 0."
        self.finish(f"The Hessian has no inverse: {why}")
        return True

    def ridge(self) -> np.ndarray:
        """λ for each weight, none for the offset."""
        return self.penalty * np.array([1.0, 1.0, 0.0])[: len(self.theta)]

    def J(self) -> float:
        return objective(self.theta, self.X, self.y, self.ridge())

    def measured(self) -> Metrics:
        self.tip = self.theta[:2]
        says = sigma(self.X @ self.theta) > 0.5
        row = {"loss": self.J(), "accuracy": float((says == self.labels).mean())}
        row["length"] = float(np.linalg.norm(self.theta))
        if self.penalty:
            row["nll"] = objective(self.theta, self.X, self.y)
        elif self.rho > 0 and self.method != NEWTON:
            row["law"] = float(np.log1p(self.pace_of_growth * self.eta_sum) / self.rho)
        return row

    def take_points(self) -> None:
        self.labels = np.minimum(self.points.y, 1)
        self.y = self.labels.astype(float)
        ones = np.ones((len(self.y), int(self.offset)))
        self.X = np.hstack([self.points.x, ones])
        self.batches = Batches(len(self.y))
        self.rho, self.pace_of_growth = growth(self.X, self.y)  # ρ = 0: no line separates

    def from_here(self) -> None:
        """Nothing moved yet; β begins at 0 on top of the present θ."""
        n = len(self.y)
        self.before, self.slope = self.theta, np.zeros(len(self.theta))
        self.root, self.bias = self.theta, float(self.theta[2]) if self.offset else 0.0
        self.beta = np.zeros(n if n <= FEW and self.method != NEWTON else 0)
        self.seen = np.empty(0, dtype=int)
        self.eta_sum = 0.0

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()
            self.from_here()

    @action
    def turn(self, x: float, y: float) -> None:
        """Drag the tip of w: the line turns, and training goes on from there."""
        self.theta = np.array([np.clip(x, -1e3, 1e3), np.clip(y, -1e3, 1e3), *self.theta[2:]])
        self.tip = self.theta[:2]
        self.from_here()

    # ------------------------------------------------------------ panels

    def panels(self) -> marks.Layout:
        dots: dict[str, Any] = {"colour": "labels", "drag": "points.move", "erase": "points.erase"}
        data = Panel(
            "Data",
            Heat("chance", levels=0, colours="scores", pick="place"),
            Line("levels", label="p = .1, .9", tint="text", dashed=True, width=1.2),
            Line("half", label="p = ½", tint="quiet", dashed=True),
            Line("lda", label="LDA", tint="3", width=3),
            Line("boundary", label="p = τ", tint="text", width=3.5),
            Arrows("foot", "normal", label="w", tint="text"),
            Dots("x", **dots, size="sizes", ring="ringed", add="points.add", pick="picked"),
            x="x₁",
            y="x₂",
            range_x=(-EDGE, EDGE),
            range_y=(-EDGE, EDGE),
            equal=True,
            detail="read",
            help="A dot grows with its pull |(σ − y) x|: right and sure is small. Move the mouse to read p; ringed: "
            "the batch of the last step, or the point whose chain is shown",
        )
        gradient_sum = Panel(
            "Gradient",
            Arrows("pulls_0_at", "pulls_0", tint="0"),
            Arrows("pulls_1_at", "pulls_1", tint="1"),
            Arrows("shrink_at", "shrink", label="−2λθ", tint="3"),
            Arrows("origin", "total", label="−∇J", tint="text"),
            Arrows("batch_at", "batch_total", label="batch", tint="warn", dashed=True),
            x="along θ₁",
            y="along θ₂",
            equal=True,
            detail="offset_slope",
            help="each point's pull (y − σ) x / n, tip to tail, add up to −∇J; at the minimum the way round closes",
        )
        left = Tabs(
            gradient_sum,
            Panel("Pulls", Bars("pull_bars", colour="sign"), x="point i", y="(σ − y) x", detail="pull_sum"),
            Panel(
                "Sigmoid",
                Line("band_low", label="band", tint="quiet", dashed=True, width=1.5),
                Line("band_high", tint="quiet", dashed=True, width=1.5),
                Line("curve", tint="accent", width=3),
                Guide(y="tau", label="τ", tint="warn"),
                Dots("sigmoid_dots", colour="labels"),
                x="along w: t = w·x/|w|",
                y="p",
                range_x=(-9, 9),
                range_y=(-0.12, 1.12),
                detail="middle",
                help="the map cut along w; band: ±1.96 standard errors by XᵀWX, as at the maximum of likelihood",
            ),
            Panel(
                "Log-odds",
                Line("odds_line", tint="accent", width=3),
                Guide(y="tau_odds", label="ln τ/(1−τ)", tint="warn"),
                Dots("odds_dots", colour="labels"),
                x="along w: t = w·x/|w|",
                y="u = ln p/(1−p)",
                detail="threshold_said",
            ),
            Panel(
                "Labels",
                Line("loss_curves", tint="quiet"),
                Dots("loss_dots", colour="labels"),
                Guide(y="loss_mean", label="mean", tint="warn"),
                x="guess g; with ±1: margin y u",
                y="L",
                detail="both_sums",
            ),
            Panel("Likelihood", Bars("likelihoods", colour="accent", highest=1), x="point i", y="G", detail="product"),
            Panel("−ln G", Bars("point_losses", colour="accent"), x="point", y="−ln G", detail="surprise", shown=False),
        )
        losses = Tabs(
            Panel("Loss", Curve("loss", "nll"), x="step t", y="J"),
            Panel(
                "Growth", Curve("length", "law", log_x=True), x="step t", y="|θ|", detail="margin", log_x=True, help=LAW
            ),
            Panel(
                "Ray",
                Line("ray_free", label="λ = 0", tint="quiet", dashed=True),
                Line("ray", label="J", tint="accent", width=3),
                Dots("on_ray", tint="warn", big=True),
                x="length |θ|, same direction",
                y="J",
                detail="on_ray_said",
                help="J as θ grows in its present direction: at λ = 0 on separable data it sinks for ever",
            ),
            Panel(
                "Bowl",
                Heat("bowl", log=True),
                Line("chord_floor", tint="text", width=2),
                Trail("tip"),
                marks.Handle("p", drag="p", label="p"),
                marks.Handle("q", drag="q", label="q"),
                marks.Handle("tip", drag="turn", label="θ", tint="warn"),
                x="θ₁",
                y="θ₂",
                help="J over θ₁ and θ₂ at the present θ₀. Drag θ, or the ends of the chord",
            ),
            Panel(
                "Chord",
                Line("chord_profile", label="J", tint="accent", width=3),
                Line("chord_straight", label="chord", tint="text"),
                x="from p to q",
                y="J",
                detail="chord_gap",
            ),
        )
        judged = Tabs(
            Panel("Accuracy", Curve("accuracy"), x="step t", y="A", range_y=(0, 1.05), detail="accuracy_now"),
            Panel("Counts", Table("counts", header="counts_header"), detail="score_needed"),
            Panel(
                "Cost",
                Line("misses", label="misses", tint="1"),
                Line("alarms", label="alarms", tint="0"),
                Line("cost", label="cost", tint="text", width=3),
                Guide(x="best_tau", label="τ*", tint="good"),
                Guide(x="tau", label="τ", tint="warn"),
                x="threshold τ",
                y="share of points",
                detail="best_said",
                help="τ* = cost of an alarm/(cost of an alarm + of a miss): the best where probabilities are true",
            ),
            Panel(
                "Decision",
                Bars("answer", labels="answer_names", highest=1),
                Guide(y="tau", label="τ", tint="warn"),
                y="p",
                detail="decided",
            ),
            Panel(
                "Hessian", Matrix("H", rows="weight_names", columns="weight_names"), detail="eigenvalues", shown=False
            ),
            Panel(
                "Hᵢ", Matrix("H_point", rows="weight_names", columns="weight_names"), detail="rank_said", shown=False
            ),
        )
        update = Tabs(
            Panel("Update", Equation("update"), Note("said")),
            Panel(
                "Chain",
                GraphView("nodes", "links", labels="node_names", values="node_values", weights="slopes_said"),
                detail="chain_said",
            ),
            Panel("Duals", Bars("beta_bars", colour="sign"), x="point i", y="β", detail="agreement"),
        )
        return Row(Column(data, left, sizes=(7, 4)), Column(losses, judged, update, sizes=(5, 5, 6)), sizes=(3, 2))
