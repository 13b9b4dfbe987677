"""colours: an image becomes its k colours while the centres move through the cloud of its pixels."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, File, Slider, Unfit
from lab.data.photos import ENDINGS, PHOTOS, opened, photo
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Images, Line, Note, Panel, Row
from lab.maths.lloyd import Cloud, plus_plus

FILE = "a file"
SHOWN = 1200  # pixels in the cloud
CORNERS = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)], dtype=float)
EDGES = [(i, j) for i in range(8) for j in range(i) if np.abs(CORNERS[i] - CORNERS[j]).sum() == 1]


class Colours(Experiment):
    pace = 3

    image = Choice((*PHOTOS, FILE), restarts=True, help="what is recoloured")
    file = File(endings=ENDINGS, when={"image": (FILE,)}, help="a picture of your own")
    side = Count(240, 16, 640, label="Pixels a side", restarts=True, help="640 × 640 are the text's 409,600 points")
    k = Count(6, 1, 24, symbol="k", label="Colours", restarts=True, help="number of centres")
    begin = Choice(("random pixels", "k-means++", "random colours"), restarts=True, help="where the centres start")
    turn = Slider(35, 0, 360, view=True, symbol="°", help="turns the cube of colours")

    metrics = {"loss": "J", "changed_owner": "changed"}
    fixed = ("picture", "pixels", "some")
    prompts = (
        ("Two colours: what is left of the picture?", {"k": 2}),
        ("Twenty: where does the eye stop seeing a difference?", {"k": 20}),
        ("A photograph", {"image": "photograph of a flower", "k": 6}),
        ("All the text's 409,600 pixels", {"side": 640, "k": 6}),
        ("Random colours of the cube: some win no pixel", {"begin": "random colours", "k": 12}),
    )
    presets = {"Six colours, as in the text": {"k": 6}, "Two colours": {"k": 2}, "Text size": {"side": 640}}
    tiny = {"side": 16, "k": 3}

    panels = Row(
        Column(
            Row(
                Panel("Original", Images("original"), still=True, detail="how_many"),
                Panel("In k colours", Images("recoloured"), detail="now"),
            ),
            Row(
                Panel("Colours", Images("palette", captions="shares"), help="each centre and its share of the pixels"),
                Panel("Loss", Curve("loss"), x="step t", y="J"),
                sizes=(3, 2),
            ),
            sizes=(3, 2),
        ),
        Column(
            Panel(
                "Pixels as points",
                Line("cube", tint="quiet", width=0.8),
                Dots("cloud", colour="cloud_owner", size="small"),
                Dots("centres_seen", colour="numbers", big=True),
                range_x=(-0.95, 0.95),
                range_y=(-0.95, 0.95),
                equal=True,
                detail="corners",
                help="red, green and blue are the three axes of the cube, black is below; drag the slider to turn it",
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(3, 2),
        ),
        sizes=(3, 2),
    )

    # ------------------------------------------------------------ the algorithm, on pixels

    def start(self) -> Metrics:
        if self.image == FILE:
            try:
                self.picture = opened(self.file, self.side)
            except ValueError as wrong:
                raise Unfit("file", str(wrong)) from None
        else:
            self.picture = photo(self.image, self.side)
        self.pixels = self.picture.reshape(-1, 3)
        self.some = self.rng.choice(len(self.pixels), min(SHOWN, len(self.pixels)), replace=False)
        self.data = Cloud(self.pixels)
        self.centres = self.first_centres()
        self.owner = np.zeros(len(self.pixels), np.int32)
        self.sums = self.data.assign(self.centres, self.owner)
        self.gone_over = len(self.pixels)
        return {"loss": self.sums.loss}

    def first_centres(self) -> np.ndarray:
        if self.begin == "random colours":
            return self.rng.random((self.k, 3))
        if self.begin == "k-means++":
            return plus_plus(self.pixels[self.some].astype(float), self.k, self.rng)
        return self.pixels[self.rng.choice(len(self.pixels), self.k, replace=False)].astype(float)

    def step(self) -> Metrics:
        """Every centre to the mean colour of its pixels, then every pixel to its nearest centre."""
        sums, counts, _ = self.sums
        full = counts > 0
        self.centres = self.centres.copy()
        self.centres[full] = sums[full] / counts[full, None]  # a colour without pixels stays
        before = self.owner
        self.owner = np.empty_like(before)
        self.sums = self.data.assign(self.centres, self.owner)
        self.gone_over = int((self.owner != before).sum())
        if not self.gone_over:
            self.finish(f"No pixel changes its colour: the picture has its {int(full.sum())} colours.")
        return {"loss": self.sums.loss, "changed_owner": float(self.gone_over)}

    # ------------------------------------------------------------ pictures

    @drawn(on=("picture",))
    def original(self) -> np.ndarray:
        return self.picture[None]

    @drawn
    def recoloured(self) -> np.ndarray:
        return self.centres.astype(np.float32)[self.owner].reshape(1, *self.picture.shape)

    @drawn
    def how_many(self) -> str:
        return f"{len(self.pixels):,} pixels".replace(",", " ")

    @drawn
    def now(self) -> str:
        return f"k = {self.k}"

    @drawn
    def palette(self) -> np.ndarray:
        return np.tile(self.centres.clip(0, 1)[:, None, None, :], (1, 6, 6, 1))

    @drawn
    def shares(self) -> tuple[str, ...]:
        return tuple(f"{share:.1%}" for share in self.sums.counts / len(self.pixels))

    @drawn
    def cloud(self) -> np.ndarray:
        return self.flat(self.pixels[self.some])

    @drawn
    def cloud_owner(self) -> np.ndarray:
        return self.owner[self.some]

    @drawn
    def small(self) -> np.ndarray:
        return np.full(len(self.some), 0.01)

    @drawn
    def centres_seen(self) -> np.ndarray:
        return self.flat(self.centres)

    @drawn
    def numbers(self) -> np.ndarray:
        return np.arange(self.k)

    @drawn
    def cube(self) -> list[np.ndarray]:
        corners = self.flat(CORNERS)
        return [corners[[i, j]] for i, j in EDGES]

    def flat(self, colours: np.ndarray) -> np.ndarray:
        """The cube of colours turned about its upright middle and seen from a little above."""
        r, g, b = (np.asarray(colours, dtype=float) - 0.5).T
        a = np.deg2rad(self.turn)
        across, depth = r * np.cos(a) - g * np.sin(a), r * np.sin(a) + g * np.cos(a)
        return np.column_stack([across, 0.9 * b + 0.4 * depth])

    @drawn
    def corners(self) -> str:
        return "blue is up"

    @drawn
    def update(self) -> Update:
        j = int(self.sums.counts.argmax())
        total, n = self.sums.sums[j], int(self.sums.counts[j])
        return Update(
            r"\mu_j = \frac{1}{N_j} \sum_{i:\, y_i = j} x_i",
            {r"\mu_j": total / n, "N_j": n, r"\sum_{i:\, y_i = j} x_i": total},
        )

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        empty = int((self.sums.counts == 0).sum())
        if empty:
            return f"{empty} of the {self.k} colours won no pixel: too far from all of them, they stay where they are."
        if self.gone_over == len(self.pixels):
            return "Every pixel has the nearest of the first colours. Play: each becomes the mean of its pixels."
        return f"{self.gone_over} pixels took another colour. The equation is that of the commonest one."
