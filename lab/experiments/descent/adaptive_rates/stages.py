"""five stages: the adaptive step is mended until it works, one path for each stage on one bowl."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Point, Slider
from lab.experiment import Experiment, Field, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Guide, Handle, Heat, Note, Panel, Row, Trail
from lab.maths.surfaces import ravine

STAGES = ("1: η/g²", "2: η/G", "3: η/Gⱼ", "4: η/(Gⱼ + ε)", "5: η/(√Gⱼ + ε)")
FACTORS = (
    r"\frac{\eta}{\|g_t\|^2}",
    r"\frac{\eta}{G_t}",
    r"\frac{\eta}{G_{t,j}}",
    r"\frac{\eta}{G_{t,j} + \epsilon}",
    r"\frac{\eta}{\sqrt{G_{t,j}} + \epsilon}",
)
AVERAGES = (
    "",
    r"G_t = \gamma\, G_{t-1} + (1 - \gamma)\, \|g_t\|^2 \\ ",
    *[r"G_{t,j} = \gamma\, G_{t-1,j} + (1 - \gamma)\, g_{t,j}^2 \\ "] * 3,
)
LESSONS = (
    "Steep means short steps, so divide by the slope squared. But near the bottom g is nearly 0, and the step is as "
    "long as η/g: it explodes.",
    "An average of g² does not jump to 0 where g does. But both coordinates still share one rate.",
    "Each coordinate has an average of its own. But where that comes near 0, the step still explodes.",
    "With ε the factor never exceeds η/ε. But a steep coordinate takes tiny steps: they go with 1/g.",
    "The root makes the step about η g/|g|: one size for steep and flat. The texts call this Adadelta; it is RMSProp.",
)
GRID = 100


class Stages(Experiment):
    stage = Choice(STAGES, STAGES[0], view=True, help="which of the five is written out and lit")
    kappa = Slider(4, 1, 100, log=True, symbol="κ", restarts=True, help="how much more the bowl curves along θ₂")
    begin = Point((-2.0, 1.2), x=(-3, 3), y=(-3, 3), symbol="θ₀", restarts=True, help="the start: drag it")
    rate = Slider(0.1, 0.001, 1, log=True, symbol="η", help="learning rate of all five")
    gamma = Slider(0.9, 0, 0.999, symbol="γ", help="share of the old average that is kept, from stage 2 on")
    epsilon = Slider(0.01, 1e-8, 1, log=True, symbol="ε", help="what stages 4 and 5 add to the divisor")

    metrics = {"step": "|Δθ|", "factor": "most of η/…"}
    random = False
    diverges = "A stage has divided by an average that is 0, as it is at the very bottom: that is what ε is for."
    prompts = (
        ("Stage 1 near the bottom: follow the length of its steps", {"stage": STAGES[0]}),
        ("Stage 2 shares one rate: which axis suffers?", {"stage": STAGES[1], "kappa": 50.0}),
        ("Stage 4: how large does ε let the factor be?", {"stage": STAGES[3], "epsilon": 0.1}),
        ("Stage 5 on a round and on a stretched bowl: the same path?", {"stage": STAGES[4], "kappa": 100.0}),
    )
    presets = {"The five stages": {"kappa": 4.0, "rate": 0.1, "gamma": 0.9}, "γ = 0: no memory": {"gamma": 0.0}}

    def start(self) -> Metrics:
        self.theta = np.tile(np.array(self.begin), (5, 1))
        self.G = np.zeros((5, 2))
        self.g = self.slopes()
        self.move = np.zeros((5, 2))
        return {}

    def step(self) -> Metrics:
        """Each stage divides by something else; all multiply the same kind of gradient."""
        with np.errstate(all="ignore"):
            self.g = self.slopes()
            self.G = self.averaged()
            self.move = -self.factors() * self.g
            self.theta = np.clip(self.theta + self.move, -1e9, 1e9)
            row = {f"step/{i + 1}": float(np.hypot(*self.move[i])) for i in range(5)}
            return row | {f"factor/{i + 1}": float(self.factors()[i].max()) for i in range(5)}

    def slopes(self) -> np.ndarray:
        return self.theta * (1, self.kappa)

    def averaged(self) -> np.ndarray:
        """What each stage divides by: g² itself, its average, or that of each coordinate."""
        squared, whole = self.g**2, np.sum(self.g**2, axis=1, keepdims=True)
        shared = np.repeat(whole, 2, axis=1)
        gamma = np.array([0.0, *[self.gamma] * 4])[:, None]
        return gamma * self.G + (1 - gamma) * np.where(np.arange(5)[:, None] < 2, shared, squared)

    def factors(self) -> np.ndarray:
        """(5, 2): what the gradient is multiplied by."""
        one, two, three, four, five = self.G
        eta, eps = self.rate, self.epsilon
        return np.array([eta / one, eta / two, eta / three, eta / (four + eps), eta / (np.sqrt(five) + eps)])

    # ------------------------------------------------------------ pictures

    panels = Column(
        Row(
            Panel(
                "Bowl",
                Heat("landscape"),
                Trail("theta", labels="names"),
                Dots("places", colour="lanes", ring="chosen", big=True),
                Handle("origin", drag="begin", label="start"),
                x="θ₁",
                y="θ₂",
                range_x=(-3, 3),
                range_y=(-3, 3),
                equal=True,
                help="One path for each stage; who has left the picture is drawn at its edge",
            ),
            Column(
                Panel("Step length", Curve("step", log_y=True), Guide(y="eta", label="η"), x="step t", y="|Δθ|"),
                Panel(
                    "Factor of the gradient",
                    Curve("factor", log_y=True),
                    Guide(y="most", label="η/ε"),
                    x="step t",
                    y="largest factor",
                    help="Stages 4 and 5 stay below η/ε: the dashed line",
                ),
            ),
        ),
        Row(
            Panel("Update", Equation("update"), Note("lesson"), detail="which"),
            Panel(
                "Factors of this stage",
                Bars("bars", labels="coordinates"),
                y="factor",
                help="What each coordinate's gradient was multiplied by in the last step",
            ),
            sizes=(2, 1),
        ),
        sizes=(3, 2),
    )

    @drawn(on=("kappa",))
    def landscape(self) -> Field:
        x, y = np.meshgrid(np.linspace(-3, 3, GRID), np.linspace(-3, 3, GRID))
        return Field(ravine(self.kappa).f(x, y), (-3, 3), (-3, 3))

    @drawn
    def names(self) -> tuple[str, ...]:
        return ("1", "2", "3", "4", "5")

    @drawn
    def lanes(self) -> np.ndarray:
        return np.arange(5)

    @drawn
    def places(self) -> np.ndarray:
        return np.clip(np.nan_to_num(self.theta), -3, 3)

    @drawn
    def origin(self) -> np.ndarray:
        return np.array(self.begin)

    def picked(self) -> int:
        return STAGES.index(self.stage)

    @drawn
    def chosen(self) -> np.ndarray:
        return np.arange(5) == self.picked()

    @drawn
    def eta(self) -> np.ndarray:
        return np.array([self.rate])

    @drawn
    def most(self) -> np.ndarray:
        return np.array([self.rate / self.epsilon])

    @drawn
    def coordinates(self) -> tuple[str, str]:
        return "θ₁", "θ₂"

    @drawn
    def bars(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            factors = self.factors()[self.picked()]
        return np.where(np.isfinite(factors), factors, 0.0) if self.G.any() else np.zeros(2)

    @drawn
    def which(self) -> str:
        return f"stage {self.stage}"

    @drawn
    def update(self) -> Update:
        i = self.picked()
        sizes = {r"\|g_t\|^2": float(self.g[i] @ self.g[i]), "g_{t,j}": self.g[i], "G_t": self.G[i, 0]}
        numbers = sizes | {"G_{t,j}": self.G[i], r"\eta": self.rate, r"\gamma": self.gamma, r"\epsilon": self.epsilon}
        latex = AVERAGES[i] + r"\Delta\theta_j = -" + FACTORS[i] + r"\, g_{t,j}"
        given = {symbol: value for symbol, value in numbers.items() if symbol in latex}
        return Update(latex, given | {r"\Delta\theta_j": self.move[i]})

    @drawn
    def lesson(self) -> str:
        i = self.picked()
        length = float(np.hypot(*self.move[i]))
        far = np.abs(self.theta[i]).max() > 3
        told = " It has just been thrown out of the picture." if far else f" Its last step was {length:.3g} long."
        return LESSONS[i] + (told if self.G.any() else "")
