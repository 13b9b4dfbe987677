"""python -m tests.sheet [NAME] --out DIR: one picture a topic, for looking through."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sheet", description=__doc__)
    parser.add_argument("name", nargs="?", help="one experiment; all without it")
    parser.add_argument("--out", required=True, type=Path, help="a folder for the pictures")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--theme", choices=("light", "dark"), default="dark")
    wanted = parser.parse_args(given)
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from lab.catalogue import Catalogue, topics
    from tests.places import place_of
    from widgets.window import Window

    app = QApplication([])
    catalogue = Catalogue()
    names = [catalogue[wanted.name].parent] if wanted.name else [e.name for e in catalogue if ":" not in e.name]
    wanted.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = QSettings(str(Path(folder) / "sheet.ini"), QSettings.Format.IniFormat)
        window = Window(catalogue, settings, wanted.theme)
        window.resize(1280, 800)
        window.show()

        def wait(seconds: float) -> None:
            end = monotonic() + seconds
            while monotonic() < end:
                app.processEvents()

        for name in names:
            for topic in topics(name):
                place = place_of(name, topic, catalogue)
                window.frame = None
                window.open_experiment(place.name, place.settings)
                window.engine.seek(wanted.steps)
                end = monotonic() + 30
                while window.frame is None and monotonic() < end:
                    app.processEvents()
                if place.panel:
                    window.stage.open_panel(place.panel, True)
                wait(0.6)
                picture = window.grab()
                for card in window.stage.cards():
                    if card.panel.title == place.panel:
                        window.stage.reveal(card)
                        wait(0.3)
                        picture = card.grab()
                slug = re.sub(r"\W+", "-", topic.title.lower()).strip("-")[:60]
                file = wanted.out / f"{name}--{slug}.png"
                picture.save(str(file))
                print(file.name, "", topic.where, sep="\t")
        window.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
