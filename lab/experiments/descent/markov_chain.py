"""Markov chain: a mole hops over a graph that you draw, and where it may be settles whatever the start."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.controls import Choice, Count, Slider, Switch, Unfit
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, GraphView, Line, Matrix, Note, Panel, Row, Tabs
from lab.maths import chains
from lab.maths.chains import total_variation

MOST, TERMS = 16, 3  # states; terms that are written out of a sum
NEAR = 1e-12  # a distance below this is rounding
RING = np.append(np.arange(120), 0)
CHAINS = {
    "mole": chains.mole,
    "two states": chains.two_states,
    "student": chains.student,
    "urn": chains.urn,
    "clock": chains.clock,
    "gambler": chains.gambler,
}


class MarkovChain(Experiment):
    pace = 4
    chain = Choice(
        (*CHAINS, "two wells", "random"), restarts=True, help="the chain to begin with; then draw on it as you like"
    )
    states = Count(5, 2, 12, symbol="n", restarts=True, when={"chain": ("random",)}, help="of the random chain")
    temperature = Slider(
        0.4,
        0.1,
        2,
        symbol="T",
        restarts=True,
        when={"chain": ("two wells",)},
        help="the colder it is, the rarer a step up",
    )
    stimulate = Switch(False, when={"chain": ("student",)}, help="the other action: engagement rises by itself")
    begin = Count(1, 1, 12, symbol="i", label="Start", restarts=True, help="the state it begins in, counted from 1")
    moles = Count(
        1, 1, 1000, restarts=True, help="how many hop, each for itself; the ringed state has the first of them"
    )
    lazy = Slider(0, 0, 0.9, symbol="ε", label="Self-loops", help="the probability of staying, whatever the state")
    watch = Count(1, 0, MOST - 1, view=True, symbol="j", help="the state whose sum is written out; or click a node")

    metrics = {"steps": "t", "kl": "KL", "distance": "TV", "spent": "TV", "average": "mean of f"}
    presets = {
        "Whack the mole": {"chain": "mole"},
        "Two states: ten times nearer at each step": {"chain": "two states"},
        "Student engagement": {"chain": "student", "begin": 10},
        "A student who is stimulated": {"chain": "student", "begin": 1, "stimulate": True},
        "Two wells: the time average is trapped": {"chain": "two wells", "temperature": 0.2},
        "A thousand moles": {"chain": "mole", "moles": 1000},
    }
    prompts = (
        ("Type another number on an arrow: where does π∞ go?", {"chain": "mole"}),
        ("A clock never settles. Raise ε a little: why is it cured?", {"chain": "clock", "lazy": 0}),
        ("Two ends that hold for ever: start from 2, then from 4", {"chain": "gambler", "begin": 2}),
        ("Neither KL ever rises: draw random chains until one does", {"chain": "random"}),
        ("Is there a net flow? Look at the urn, then at the mole", {"chain": "urn"}),
        ("One long walk: how soon is the time spent right to 1 %?", {"chain": "two states"}),
    )

    # ------------------------------------------------------------ the chain

    def start(self) -> Metrics:
        if self.chain == "random":
            made = chains.drawn_at_random(self.states, self.rng)
        elif self.chain == "two wells":
            made = chains.two_wells(self.temperature)
        else:
            made = chains.student(self.stimulate) if self.chain == "student" else CHAINS[self.chain]()
        if self.begin > len(made.P):
            raise Unfit("begin", f"this chain has {len(made.P)} states; there is no state {self.begin}")
        self.names, self.places = made.names, made.places
        self.f = np.array([float(name.replace("−", "-")) for name in self.names])
        self.pi = np.eye(len(made.P))[self.begin - 1]
        self.at = np.full(self.moles, self.begin - 1)  # where each mole is
        self.hop = (-1, -1)  # the first mole's last
        self.take(made.P)
        return self.measured(0)

    def step(self) -> Metrics:
        """π⁽ᵗ⁺¹⁾ = P′ π⁽ᵗ⁾, and every mole hops to j with the probability P_ij."""
        self.pi = self.P.T @ self.pi
        ways = self.P[self.at].cumsum(axis=1)
        came_from = int(self.at[0])
        self.at = (ways > self.rng.random((self.moles, 1)) * ways[:, -1:]).argmax(axis=1)
        self.hop = came_from, int(self.at[0])
        self.visits: np.ndarray = self.visits + (np.arange(len(self.P)) == self.at[0])
        return self.measured(self.t + 1)

    def take(self, Q: np.ndarray) -> None:
        """Another chain, and all that follows from it. Q is as drawn, P what it is with its self-loops."""
        self.Q, self.P = Q, chains.lazy(Q, self.lazy)
        self.visits = (np.arange(len(Q)) == self.at[0]).astype(float)
        self.limit = chains.settled(self.P, self.pi)  # π∞
        self.spectrum = chains.eigenvalues(self.P)
        self.owner = chains.classes(self.P)
        self.ends = chains.closed(self.P, self.owner)
        self.period = max(chains.period(self.P, own) for own in self.ends)
        self.since, self.C = self.t, chains.bound(self.P, self.pi, self.limit)
        self.scatter = chains.deviation(self.P, self.limit) if len(self.ends) == 1 else np.nan

    def rate(self) -> float:
        """|λ₂|: what is left of the distance to π∞ after a step."""
        return min(1.0, float(abs(self.spectrum[1])))

    def measured(self, t: int) -> Metrics:
        """Distances while they are more than rounding; what is infinite has no place on a curve."""
        time = self.visits / self.visits.sum()
        row = {
            "spent/time spent": total_variation(time, self.limit),
            "spent/law c/√T": self.scatter / np.sqrt(self.visits.sum()),
            "average/over time": float(time @ self.f),
            "average/under π∞": float(self.limit @ self.f),
        }
        if (distance := total_variation(self.pi, self.limit)) > NEAR:
            row |= {
                "steps": float(t),
                "distance/πₜ to π∞": distance,
                "distance/C|λ₂|ᵗ": self.C * self.rate() ** (t - self.since),
                "kl/πₜ ‖ π∞": chains.kl(self.pi, self.limit),
                "kl/π∞ ‖ πₜ": chains.kl(self.limit, self.pi),
            }
        return {name: float(f"{value:.12g}") for name, value in row.items() if np.isfinite(value)}

    def changed(self, name: str) -> None:
        if name == "stimulate" and self.chain == "student" and len(self.P) == 10:
            self.take(chains.student(self.stimulate).P)
        elif name == "lazy":
            self.take(self.Q)

    # ------------------------------------------------------------ drawing on it

    @action
    def link(self, source: int, target: int, value: float) -> None:
        """Set a probability: the row's others keep their proportions. A new arrow takes an even share."""
        self.known(source, target)
        if not 0 <= value <= 1:
            raise ValueError(f"link: a probability is from 0 to 1, not {value:g}")
        if self.Q[source, target] == 0 and value == 1:
            value = 1 / (1 + (self.Q[source] > 0).sum())
        elif self.lazy:  # typed is what is seen: the probability with the self-loops in it
            value = (value - self.lazy * (source == target)) / (1 - self.lazy)
            if not 0 <= value <= 1 + chains.NOTHING:
                raise ValueError(f"link: with ε = {self.lazy:g}, {self.lazy:g} of every row stays where it is")
        self.take(chains.with_probability(self.Q, source, target, min(1.0, value)))

    @action
    def move(self, index: int, x: float, y: float) -> None:
        """Drag a state: only the picture changes."""
        self.known(index)
        self.places = np.where(np.arange(len(self.P))[:, None] == index, (x, y), self.places)

    @action
    def add(self, x: float, y: float) -> None:
        """Another state: draw arrows to it and from it."""
        n = len(self.P)
        if n >= MOST:
            raise ValueError(f"add: {MOST} states are the most")
        name = next(str(k) for k in range(1, n + 2) if str(k) not in self.names)
        self.names, self.f = (*self.names, name), np.append(self.f, float(name))
        self.places = np.vstack([self.places, (x, y)])
        self.pi = np.append(self.pi, 0.0)
        self.take(np.pad(self.Q, (0, 1)) + np.diag([0.0] * n + [1.0]))

    @action
    def erase(self, index: int) -> None:
        """Take a state away: the arrows to it go, and whoever is there goes on from the next state."""
        self.known(index)
        if len(self.P) <= 2:
            raise ValueError("erase: two states are the least")
        kept = np.delete(np.arange(len(self.P)), index)
        heir = index % len(kept)
        pi = self.pi[kept]
        pi[heir] += self.pi[index]
        self.pi, self.f, self.places = pi, self.f[kept], self.places[kept]
        self.names = tuple(self.names[i] for i in kept)
        self.at = np.where(self.at == index, heir, self.at - (self.at > index))
        self.hop = (-1, -1)
        self.take(chains.without(self.Q, index))

    @action
    def reverse_time(self) -> None:
        """Run the chain backwards, by P_rev(i, j) = P(j, i) π∞(j)/π∞(i): the same π∞, the opposite flow."""
        limit = chains.settled(self.Q, self.pi)
        if len(self.ends) > 1 or (limit < chains.NOTHING).any():
            raise ValueError("reverse_time: every state must be reached again and again")
        self.take(chains.reverse(self.Q, limit))

    def known(self, *states: int) -> None:
        for index in states:
            if not 0 <= index < len(self.P):
                raise ValueError(f"there is no state {index}; they are 0 to {len(self.P) - 1}")

    # ------------------------------------------------------------ pictures

    panels: Any = Row(
        Column(
            Panel(
                "Chain",
                GraphView(
                    "places",
                    "arrows",
                    labels="names",
                    values="held",
                    weights="probabilities",
                    shares="pi",
                    colour="colours",
                    active="taken",
                    marked="has_mole",
                    drag="move",
                    add="add",
                    erase="erase",
                    link="link",
                    pick="watch",
                ),
                detail="kind",
                help="Filled as high as πₜ; ringed: the mole. Type a number on an arrow, click to add a state, "
                "right-click to erase one, draw an arrow with Shift held",
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(5, 2),
        ),
        Column(
            Panel(
                "Distribution",
                Bars("heights", labels="names", colour="accent"),
                Line("at_limit", label="π∞", tint="warn", width=3),
                Line("at_other", label="π∞ of the other action", tint="quiet"),
                Line("at_time", label="time spent", tint="2", dashed=True),
                Line("at_moles", label="moles", tint="3", width=2),
                y="πₜ",
                range_y=(0, 1),
            ),
            Tabs(
                Panel("KL to π∞", Curve("kl", against="steps"), x="step t", y="KL", log_y=True),
                Panel(
                    "Distance and gap", Curve("distance", against="steps"), x="step t", y="TV", log_y=True, detail="gap"
                ),
                Panel("Time spent", Curve("spent"), x="time T", y="TV to π∞", log_x=True, log_y=True),
                Panel("Ergodic average", Curve("average"), x="time T", y="mean of the state"),
            ),
            Tabs(
                Panel(
                    "Eigenvalues",
                    Line("unit_circle", tint="quiet", width=1),
                    Line("second_circle", label="|λ₂|", tint="warn", dashed=True),
                    Dots("eigenvalues", tint="accent", big=True),
                    range_x=(-1.1, 1.1),
                    range_y=(-1.1, 1.1),
                    equal=True,
                    still=True,
                    detail="gap",
                ),
                Panel(
                    "Net flow",
                    GraphView("places", "net_arrows", labels="names", weights="net_flows", shares="limit"),
                    still=True,
                    detail="balance",
                    help="What goes from i to j more than from j to i, once π∞ is reached",
                ),
                Panel("Probabilities", Matrix("P", rows="names", columns="names", colours="viridis"), still=True),
            ),
        ),
        sizes=(10, 9),
    )

    @drawn
    def arrows(self) -> np.ndarray:
        return np.argwhere(self.P > chains.NOTHING)

    @drawn
    def probabilities(self) -> tuple[str, ...]:
        return tuple(f"{self.P[i, j]:.3g}" for i, j in self.arrows())

    @drawn
    def taken(self) -> np.ndarray:
        return (self.arrows() == self.hop).all(axis=1)

    @drawn
    def held(self) -> tuple[str, ...]:
        return tuple(f"{share:.3f}" for share in self.pi)

    @drawn
    def has_mole(self) -> np.ndarray:
        return np.arange(len(self.P)) == self.at[0]

    @drawn
    def colours(self) -> np.ndarray:
        """By class, where there are several."""
        return self.owner if self.owner.max() else np.full(len(self.P), -1)

    @drawn
    def kind(self) -> str:
        if self.owner.max():
            return f"{self.owner.max() + 1} classes, {len(self.ends)} closed"
        return f"irreducible, period {self.period}" if self.period > 1 else "irreducible, aperiodic"

    @drawn
    def heights(self) -> np.ndarray:
        return np.round(self.pi, 4)

    def ledges(self, heights: np.ndarray) -> tuple[np.ndarray, ...]:
        """A stroke across each bar."""
        return tuple(np.array([[i - 0.4, h], [i + 0.4, h]]) for i, h in enumerate(heights))

    @drawn
    def at_limit(self) -> tuple[np.ndarray, ...]:
        return self.ledges(self.limit)

    @drawn(on=("chain", "stimulate", "names"))
    def at_other(self) -> tuple[np.ndarray, ...]:
        """Where a student would settle who is not stimulated, or who is."""
        other = self.chain == "student" and len(self.names) == 10
        return self.ledges(chains.stationary(chains.student(not self.stimulate).P)) if other else ()

    @drawn
    def at_time(self) -> tuple[np.ndarray, ...]:
        return self.ledges(self.visits / self.visits.sum())

    @drawn
    def at_moles(self) -> tuple[np.ndarray, ...]:
        return self.ledges(np.bincount(self.at, minlength=len(self.P)) / self.moles) if self.moles > 1 else ()

    @drawn
    def eigenvalues(self) -> np.ndarray:
        return np.column_stack([self.spectrum.real, self.spectrum.imag])

    @drawn
    def unit_circle(self) -> np.ndarray:
        return chains.circle(120)[RING]

    @drawn
    def second_circle(self) -> np.ndarray:
        return self.rate() * chains.circle(120)[RING]

    @drawn
    def gap(self) -> str:
        return f"|λ₂| = {self.rate():.3f}, gap = {1 - self.rate():.3f}"

    def net(self) -> np.ndarray:
        flow = chains.flow(self.P, self.limit)
        return np.where(flow - flow.T > 1e-9, flow - flow.T, 0.0)

    @drawn
    def net_arrows(self) -> np.ndarray:
        return np.argwhere(self.net() > 0)

    @drawn
    def net_flows(self) -> tuple[str, ...]:
        net = self.net()
        return tuple(f"{net[i, j]:.3g}" for i, j in np.argwhere(net > 0))

    @drawn
    def balance(self) -> str:
        return "not reversible" if self.net().any() else "no net flow: reversible"

    @drawn
    def update(self) -> Update:
        """The sum for one state of the step to come, its largest terms."""
        j = min(self.watch, len(self.P) - 1)
        terms = self.P[:, j] * self.pi
        order = np.argsort(np.where(self.P[:, j] > 0, -terms, 1), kind="stable")
        most = np.sort(order[: min(TERMS, max(1, (self.P[:, j] > 0).sum()))])
        name = [text.replace("−", "-") for text in self.names]
        factors = {i: (rf"P_{{{name[i]},{name[j]}}}", rf"\pi_{{{name[i]}}}^{{(t)}}") for i in most}
        left = rf"\pi_{{{name[j]}}}^{{(t+1)}}"
        dots = r" + \dots" if terms.sum() - terms[most].sum() > 1e-9 else ""
        numbers = {left: float(terms.sum())}
        for i, (way, mass) in factors.items():
            numbers |= {way: float(self.P[i, j]), mass: float(self.pi[i])}
        return Update(f"{left} = " + " + ".join(rf"{a}\,{b}" for a, b in factors.values()) + dots, numbers)

    @drawn
    def said(self) -> str:
        """What this chain does in the long run, and why."""
        if len(self.ends) > 1:
            return (
                f"{len(self.ends)} classes are never left. Which one the mole ends in depends on where it began, "
                "and so does π∞."
            )
        if self.period > 1:
            return (
                f"Every way back takes a multiple of {self.period} steps: πₜ goes round for ever and only its mean "
                "over time settles. Any self-loop would change that."
            )
        distance = total_variation(self.pi, self.limit)
        near = f"πₜ is {distance:.2g} from π∞" if distance > 1e-3 else "πₜ is within 0.001 of π∞"
        speed = f"each step leaves about {self.rate():.3g} of that" if self.rate() > 1e-9 else "one step is enough"
        flow = (
            "mass goes round in a net flow" if self.net().any() else "as much flows one way as back: it is reversible"
        )
        return f"{near}; {speed}. At π∞ {flow}. The mole itself never settles: only where it may be does."
