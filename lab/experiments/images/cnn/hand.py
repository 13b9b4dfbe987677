"""Hand: filters set by hand find donuts, and a filter that learns by descent turns into the one it copies."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Matrix, Picture, Point, Slider
from lab.data.images import digits
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Equation, Note, Panel, Row
from lab.marks import Matrix as Cells
from lab.maths.convolutions import correlation, windows

Array = np.ndarray
DONUTS = (
    "............",
    ".###...#....",
    ".#.#...#....",
    ".###...#....",
    "............",
    "............",
    ".......###..",
    ".###...#.#..",
    ".......###..",
    "............",
)
PAINTED = np.array([[pixel == "#" for pixel in row] for row in DONUTS], dtype=float)
UPRIGHT = [[-1, 1, -1]] * 3
BESIDE = [[0, 0, 0], [1, -1, 1], [0, 0, 0]]  # an upright line on the left and on the right, none between
KNOWN = {
    "Sobel, upright edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "Sobel, level edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "upright line": UPRIGHT,
    "Laplace": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "blur": [[1 / 9] * 3] * 3,
}
PICTURES = 60  # digits that the learning filter looks at
NEAR = 0.01  # so near to every weight, the filter is learnt


class Hand(Experiment):
    pace = 30
    picture = Picture(*PAINTED.shape, default=PAINTED, label="Shapes", help="paint bars, corners, donuts; dark is −1")
    upright = Matrix(UPRIGHT, -3, 3, symbol="V", label="Line filter", help="of the first layer; H is V turned over")
    beside = Matrix(BESIDE, -3, 3, symbol="W", label="Donut filter", help="its slice for V's map; for H's: turned over")
    offset_1 = Slider(-3, -9, 0, symbol="b₁", label="Offset 1", help="how strictly a line is asked for")
    offset_2 = Slider(0, -12, 0, symbol="b₂", label="Offset 2", help="how strictly a donut is; −7 leaves only donuts")
    cell = Point((2, 2), x=(0, 9), y=(0, 11), view=True, label="Pixel", help="click in the response map")
    known = Choice(list(KNOWN), symbol="f", label="Known filter", restarts=True, help="whose answers are learnt")
    data = Choice(
        ["noise", "digits"], restarts=True, help="pictures it learns on; pixels of digits resemble neighbours"
    )
    rate = Slider(0.04, 0.001, 3, log=True, symbol="η", limit="limits", help="how far a step goes")

    fixed = ("patches", "wanted")
    metrics = {"loss": "L", "apart": "‖w − f‖"}
    diverges = "η is past 2/λ: every step overshoots more than the last. Choose a rate left of the second mark."
    prompts = (
        ("Offset 2 at −7: only the donuts are left", {"offset_2": -7}),
        ("Look at the bar: only one of the two channels answers", {"cell": [2, 7]}),
        ("Digits: the smooth parts are learnt at once, the edges late", {"data": "digits"}),
        ("Past 2/λ it runs away", {"rate": 1.2}),
    )
    presets = {name: {"known": name} for name in KNOWN}

    panels = Row(
        Column(
            Panel(
                "Shapes",
                Cells("picture", lit="field", numbers=False, colours="grey"),
                detail="place",
                still=True,
                help="framed: the 5 by 5 pixels that the chosen response sees",
            ),
            Row(
                Panel(
                    "Upright lines", Cells("lines_v", lit="around"), still=True, help="ReLU(V over the picture + b₁)"
                ),
                Panel("Level lines", Cells("lines_h", lit="around"), still=True, help="ReLU(H over the picture + b₁)"),
            ),
            Row(
                Panel(
                    "Donut response",
                    Cells("response", lit="here", pick="cell"),
                    detail="best",
                    still=True,
                    help="one filter with a slice for each channel; click on a pixel",
                ),
                Panel("How it answers", Equation("answer"), Note("told"), still=True),
            ),
            sizes=(4, 4, 5),
        ),
        Column(
            Row(
                Panel("Learnt filter", Cells("w"), detail="gap"),
                Panel("Known filter", Cells("f"), still=True),
            ),
            Panel("Loss", Curve("loss", "apart", log_y=True), x="step t", y="mean square, distance"),
            Panel("Step", Equation("descent"), Note("said")),
            sizes=(4, 5, 5),
        ),
        sizes=(6, 5),
    )

    # ------------------------------------------------------------ a filter that learns

    def start(self) -> Metrics:
        """Patches of pictures, what the known filter answers on them, and small random weights."""
        self.f = np.array(KNOWN[self.known], dtype=float)
        seen = (
            self.rng.normal(size=(PICTURES, 8, 8)) if self.data == "noise" else digits().images[:PICTURES].astype(float)
        )
        self.patches = windows(seen, 3).reshape(-1, 9)
        self.wanted = self.patches @ self.f.ravel()
        self.w = 0.1 * self.rng.normal(size=(3, 3))
        self.curvature = float(np.linalg.eigvalsh(2 / len(self.patches) * self.patches.T @ self.patches)[-1])
        self.g = self.slope()
        return self.measured()

    def step(self) -> Metrics:
        """w ← w − η ∂L/∂w, with L the mean square of what its answers are off by."""
        self.g = self.slope()
        with np.errstate(all="ignore"):
            self.w = self.w - self.rate * self.g
            row = self.measured()
        if np.abs(self.w - self.f).max() < NEAR / 100:
            self.finish("Every weight is within 0.0001 of the known filter's.")
        return row

    def slope(self) -> Array:
        with np.errstate(all="ignore"):
            off = self.patches @ self.w.ravel() - self.wanted
            return (2 / len(off) * off @ self.patches).reshape(3, 3)

    def measured(self) -> Metrics:
        off = self.patches @ self.w.ravel() - self.wanted
        return {"loss": float(off @ off / len(off)), "apart": float(np.linalg.norm(self.w - self.f))}

    @drawn
    def limits(self) -> tuple[float, float]:
        """1/λ and 2/λ of the largest curvature: crossing over, and running away."""
        return 1 / self.curvature, 2 / self.curvature

    @drawn
    def gap(self) -> str:
        return f"farthest weight off by {np.abs(self.w - self.f).max():.2g}"

    @drawn
    def descent(self) -> Update:
        return Update(r"w \leftarrow w - \eta\, \nabla L", {"w": self.w, r"\eta": self.rate, r"\nabla L": self.slope()})

    @drawn
    def said(self) -> str:
        off = np.abs(self.w - self.f)
        ratio = self.rate * self.curvature
        pace = (
            "past 2/λ, so it runs away" if ratio > 2 else "past 1/λ, so it crosses over" if ratio > 1 else "below 1/λ"
        )
        if (off < NEAR).all():
            return f"All nine weights are the known filter's, to {NEAR}: nobody set them. η is {pace}."
        return f"{int((off < NEAR).sum())} of nine weights are within {NEAR} of the known filter's. η is {pace}."

    # ------------------------------------------------------------ filters set by hand

    def lines(self, f: Array) -> Array:
        """A line filter over the shapes, which are −1 where nothing is painted and beyond the border."""
        return np.maximum(correlation(2 * self.picture - 1, f, 1, -1) + self.offset_1, 0)

    @drawn
    def lines_v(self) -> Array:
        return self.lines(self.upright)

    @drawn
    def lines_h(self) -> Array:
        return self.lines(self.upright.T)

    @drawn
    def parts(self) -> tuple[Array, Array]:
        """What each slice of the donut filter adds."""
        return correlation(self.lines_v(), self.beside, 1), correlation(self.lines_h(), self.beside.T, 1)

    @drawn
    def response(self) -> Array:
        v, h = self.parts()
        return np.maximum(v + h + self.offset_2, 0)

    @drawn
    def at(self) -> tuple[int, int]:
        return round(self.cell[0]), round(self.cell[1])

    def near(self, reach: int) -> Array:
        row, column = self.at()
        rows, columns = np.indices(self.picture.shape)
        return (np.abs(rows - row) <= reach) & (np.abs(columns - column) <= reach)

    @drawn
    def field(self) -> Array:
        return self.near(2)

    @drawn
    def around(self) -> Array:
        return self.near(1)

    @drawn
    def here(self) -> Array:
        return self.near(0)

    @drawn
    def answer(self) -> Update:
        v, h = (float(part[self.at()]) for part in self.parts())
        return Update(
            r"y = \mathrm{ReLU}(s_V + s_H + b_2)",
            {"y": float(self.response()[self.at()]), "s_V": v, "s_H": h, "b_2": self.offset_2},
        )

    @drawn
    def told(self) -> str:
        y, most = self.response()[self.at()], self.response().max()
        if most == 0:
            return "The response is 0 everywhere: the offsets ask for more than any shape here gives."
        if y < most:
            return f"It answers {y:g} here and {most:g} at most: not all that the donut filter looks for is here."
        return f"Nowhere does it answer more than {y:g}: upright lines left and right, level lines above and below."

    @drawn
    def place(self) -> str:
        return f"row {self.at()[0] + 1}, column {self.at()[1] + 1}"

    @drawn
    def best(self) -> str:
        response = self.response()
        top, above = np.count_nonzero(response == response.max()), np.count_nonzero(response)
        return f"{response.max():g} at {top} places, {above} above 0"
