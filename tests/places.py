"""Where a topic is seen: `begin=k-means++; panel=Data; scene=colours`, read from the syllabus."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.catalogue import Catalogue, Topic


@dataclass
class Place:
    """An experiment or scene, the settings that show the topic, and the panel to look at."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    panel: str = ""


def place_of(name: str, topic: Topic, catalogue: Catalogue) -> Place:
    """Read `where`; a part that means nothing is an error that names the topic."""
    parts = [part.strip().partition("=") for part in topic.where.split(";")]
    if not all(value for _, _, value in parts):
        raise ValueError(f"{topic.title}: {topic.where!r} does not say where")
    place = Place(name)
    for key, _, value in parts:
        if key == "scene":
            place.name = f"{name}:{value}"
        elif key == "panel":
            place.panel = value
    kind = catalogue.load(place.name)
    for key, _, value in parts:
        if key == "prompt":
            place.settings.update(dict(kind.prompts)[value])
        elif key not in ("scene", "panel"):
            place.settings[key] = kind.controls[key].from_text(value)
    return place
