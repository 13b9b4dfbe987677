"""Which experiments there are: found by their place in the tree, without importing them."""

from __future__ import annotations

import ast
import csv
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lab.experiment import Experiment

WINGS = {
    "descent": "Descent",
    "lines": "Lines and likelihood",
    "neighbours": "Neighbours, trees, crowds",
    "networks": "Networks",
    "images": "Images",
    "sequences": "Sequences",
    "generators": "Generators",
    "decisions": "Decisions",
    "graphs": "Graphs and theory",
}
HOME = Path(__file__).parent / "experiments"
SYLLABUS = Path(__file__).parent.parent / "resources" / "syllabus.tsv"


@dataclass(frozen=True)
class Topic:
    """A topic of the course texts, and where in an experiment it is seen."""

    title: str
    text: str
    where: str  # settings, panels and scenes that show it: `begin=k-means++; panel=Data`


@dataclass(frozen=True)
class Entry:
    """One experiment, or one scene of it, as far as it is known without importing it."""

    name: str  # `k-means`, or `k-means:colours` for a scene
    title: str
    line: str  # what a person watches, in a line
    wing: str
    module: str

    @property
    def heading(self) -> str:
        """The title as a heading; a name like k-means keeps its small letter."""
        return self.title if self.title[1:2] == "-" else self.title[:1].upper() + self.title[1:]

    @property
    def parent(self) -> str:
        """The experiment that a scene belongs to, or its own name."""
        return self.name.split(":")[0]

    def load(self) -> type[Experiment]:
        """Import the experiment's class."""
        module = importlib.import_module(self.module)
        found = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Experiment) and value.__module__ == self.module
        ]
        if len(found) != 1:
            raise TypeError(f"{self.module} should hold one experiment; it holds {len(found)}")
        kind = found[0]
        kind.name, kind.title, kind.wing = self.name, self.title, self.wing
        return kind


class Catalogue:
    """All experiments under a folder of wings."""

    def __init__(self, home: Path = HOME, package: str = "lab.experiments") -> None:
        self.entries = {entry.name: entry for entry in _found(home, package)}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def __getitem__(self, name: str) -> Entry:
        if name not in self.entries:
            raise ValueError(f"there is no experiment {name!r}; `python -m lab list` names them all")
        return self.entries[name]

    def load(self, name: str) -> type[Experiment]:
        return self[name].load()

    def scenes(self, name: str) -> list[Entry]:
        """An experiment and its scenes, in the order of their tabs: as it declares, then by name."""
        parent = self[name].parent
        found = [entry for entry in self if entry.parent == parent]
        order = self.load(parent).scenes if len(found) > 1 else ()
        places = {f"{parent}:{scene}": i for i, scene in enumerate(order)}
        return sorted(found, key=lambda entry: -1 if entry.name == parent else places.get(entry.name, len(order)))

    def wings(self) -> dict[str, list[Entry]]:
        """Experiments by wing, scenes left out."""
        shelves: dict[str, list[Entry]] = {}
        for entry in self:
            if ":" not in entry.name:
                shelves.setdefault(entry.wing, []).append(entry)
        return shelves


def _found(home: Path, package: str) -> list[Entry]:
    found = []
    for wing, title in WINGS.items():
        for path in sorted((home / wing).glob("*")):
            module = f"{package}.{wing}.{path.stem}"
            name = path.stem.replace("_", "-")
            if path.is_dir() and (path / "__init__.py").exists():
                found.append(_entry(name, path / "__init__.py", title, module))
                for scene in sorted(path.glob("[a-z]*.py")):
                    scene_name = f"{name}:{scene.stem.replace('_', '-')}"
                    found.append(_entry(scene_name, scene, title, f"{module}.{scene.stem}"))
            elif path.suffix == ".py" and path.stem != "__init__":
                found.append(_entry(name, path, title, module))
    return found


def _entry(name: str, path: Path, wing: str, module: str) -> Entry:
    """Title and line come from the first line of the docstring, `title: line`, read without parsing the file."""
    with path.open(encoding="utf-8") as file:
        first = file.readline().strip()
    if not first.startswith('"""'):
        raise ValueError(f"{path.name} should begin with its docstring, `title: what a person watches`")
    title, _, line = ast.literal_eval(f'"""{first.strip(chr(34))} """').partition(":")
    return Entry(name, title.strip(), line.strip(), wing, module)


@lru_cache(maxsize=1)
def _syllabus() -> dict[str, tuple[Topic, ...]]:
    if not SYLLABUS.exists():
        return {}
    shelves: dict[str, list[Topic]] = {}
    with SYLLABUS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            shelves.setdefault(row["experiment"], []).append(Topic(row["topic"], row["text"], row["where"]))
    return {name: tuple(topics) for name, topics in shelves.items()}


def topics(name: str) -> tuple[Topic, ...]:
    """The topics of the course texts that an experiment shows; of a scene, those that it is the place for."""
    parent, _, scene = name.partition(":")
    known = _syllabus().get(parent, ())
    return tuple(topic for topic in known if not scene or f"scene={scene}" in topic.where)
