"""punch cards: marked left or right, told apart by a weight image that turns antisymmetric mistake by mistake."""

from __future__ import annotations

import numpy as np

from lab.controls import Count, Picture, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Equation, Images, Matrix, Note, Panel, Row, Tabs

SIDE = 8
SHOWN = 24


class PunchCards(Experiment):
    pace = 6
    n = Count(60, 10, 400, symbol="n", label="Cards", restarts=True, help="cards to learn from")
    marks = Count(4, 1, 16, restarts=True, help="marks on the side that counts")
    noise = Count(1, 0, 8, restarts=True, help="stray marks anywhere on the card")
    flipped = Slider(0, 0, 0.3, restarts=True, help="share of the cards that are labelled wrongly")
    card = Picture(
        SIDE,
        SIDE,
        default=np.pad(np.ones((2, 2)), ((3, 3), (5, 1))),
        view=True,
        label="Your card",
        help="mark a card of your own and see the verdict",
    )

    metrics = {"mistakes": "k", "error": "ℓ₀₁(w)", "test": "ℓ₀₁ on new cards", "antisymmetry": "A"}
    test_metrics = ("test",)
    fixed = ("X", "y", "test_X", "test_y")
    prompts = (
        ("Rosenblatt's cards: watch the two halves of w part", {"marks": 4, "noise": 1, "flipped": 0}),
        ("One mark a card and no strays: how long does it take?", {"marks": 1, "noise": 0}),
        ("Many stray marks: is it still told apart?", {"marks": 2, "noise": 8}),
        ("Some cards are labelled wrongly: do mistakes end?", {"flipped": 0.1, "n": 200}),
    )
    tiny = {"n": 15}

    panels = Row(
        Column(
            Panel(
                "Weight image",
                Matrix("image", numbers=False),
                detail="how_far",
                help="w as a card: one colour speaks for right, the other for left",
            ),
            Panel(
                "Cards",
                Images("cards", captions="captions", chosen="picked", colours="grey", columns=8),
                detail="last",
                help="the first cards of the set; framed: the one just picked",
            ),
            sizes=(1, 1),
        ),
        Column(
            Tabs(
                Panel(
                    "Antisymmetry",
                    Curve("antisymmetry"),
                    x="step t",
                    y="A",
                    help="A = −⟨w, mirrored w⟩ / |w|²: 1 if right is left with its signs turned, 0 for no relation",
                ),
                Panel("Mistakes", Curve("mistakes"), x="step t", y="k"),
            ),
            Panel("Error", Curve("error", "test"), x="step t", y="ℓ₀₁"),
            Panel("Your card", Images("own_card", captions="verdict", colours="grey", columns=2), shown=False),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(3, 3, 3, 3),
        ),
        sizes=(1, 1),
    )

    def start(self) -> Metrics:
        self.X, self.y = self.made(self.n)
        self.test_X, self.test_y = self.made(200)
        self.y = np.where(self.rng.random(self.n) < self.flipped, -self.y, self.y)
        self.w = np.zeros(SIDE * SIDE)
        self.k, self.picked, self.wrong, self.score = 0, -1, False, 0.0
        return self.measured()

    def made(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Cards as rows of 64 zeros and ones: y = +1 if the marks are in the right half, −1 if in the left."""
        y = self.rng.choice([-1.0, 1.0], n)
        cards = np.zeros((n, SIDE, SIDE))
        for card, side in zip(cards, y):
            places = self.rng.choice(SIDE * SIDE // 2, self.marks, replace=False)
            card[places // (SIDE // 2), places % (SIDE // 2) + (SIDE // 2 if side > 0 else 0)] = 1
            stray = self.rng.integers(0, SIDE, (self.noise, 2))
            card[stray[:, 0], stray[:, 1]] = 1
        return cards.reshape(n, -1), y

    def step(self) -> Metrics:
        """Pick a card; on a mistake (a score of 0 is one) add y times the card to w."""
        i = int(self.rng.integers(self.n))
        self.score = float(self.w @ self.X[i])
        self.picked, self.wrong = i, bool(self.y[i] * self.score <= 0)
        if self.wrong:
            self.w, self.k = self.w + self.y[i] * self.X[i], self.k + 1
        row = self.measured()
        if row["error"] == 0:
            self.finish("Every card is told: there are no mistakes left to learn from.")
        return row

    def measured(self) -> Metrics:
        row = {
            "mistakes": float(self.k),
            "error": float((self.y * (self.X @ self.w) <= 0).mean()),
            "test": float((self.test_y * (self.test_X @ self.w) <= 0).mean()),
        }
        if self.w.any():
            row["antisymmetry"] = self.antisymmetry()
        return row

    def antisymmetry(self) -> float:
        """1 where the right half is the left one mirrored with its signs turned, 0 for no relation, −1 for symmetry."""
        image = self.w.reshape(SIDE, SIDE)
        return float(-(image * image[:, ::-1]).sum() / (image**2).sum())

    # ------------------------------------------------------------ pictures

    @drawn
    def image(self) -> np.ndarray:
        return self.w.reshape(SIDE, SIDE)

    @drawn
    def how_far(self) -> str:
        return f"antisymmetry {self.antisymmetry():.2f}" if self.w.any() else "w = 0"

    @drawn
    def cards(self) -> np.ndarray:
        return self.X[:SHOWN].reshape(-1, SIDE, SIDE)

    @drawn
    def captions(self) -> tuple[str, ...]:
        return tuple("right" if side > 0 else "left" for side in self.y[:SHOWN])

    @drawn
    def last(self) -> str:
        return f"card {self.picked}" if self.picked >= 0 else ""

    @drawn
    def own_card(self) -> np.ndarray:
        return np.stack([self.card, self.card * self.image()])

    @drawn
    def verdict(self) -> tuple[str, str]:
        score = float(self.w @ self.card.ravel())
        return ("right" if score > 0 else "left" if score < 0 else "undecided"), f"w·x = {score:g}"

    @drawn
    def update(self) -> Update:
        if self.picked < 0:
            return Update(r"w \leftarrow w + y\,x \quad \text{if } y\,(w \cdot x) \leq 0", {})
        y = float(self.y[self.picked])
        sign, then = (r"\leq", r"w \leftarrow w + y\,x") if self.wrong else (">", r"w \leftarrow w")
        return Update(rf"y\,s {sign} 0 \\ {then}", {"y": y, "s": self.score})

    @drawn
    def said(self) -> str:
        own = f" Your card: {self.verdict()[0]}."
        if self.finished:
            return f"{self.finished} It took {self.k} of them.{own}"
        if self.picked < 0:
            return "Nothing is known: w = 0 scores every card 0, which counts as a mistake."
        side = "right" if self.y[self.picked] > 0 else "left"
        if not self.wrong:
            return f"A card marked {side}, and it says so: nothing moves.{own}"
        what = "added to w" if side == "right" else "taken from w"
        return f"A card marked {side} was not told: its marks are {what}.{own}"
