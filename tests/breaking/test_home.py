"""A home that cannot be written, and settings that somebody else has spoiled: the app opens, says so, and lives on.

`python -m tests.breaking.test_home` is the app in such a home.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.breaking.driven import drive, said
from tests.breaking.measured import surroundings, told_by
from widgets.tools import autosave
from widgets.window import Window

ODD = ("x", "99999999999999999999", "@ByteArray(x)", "@Size(1 1)")


def main() -> None:
    autosave.LEAST = 0

    def act(window: Window) -> dict[str, Any]:
        window.engine.seek(2)
        window.engine.act("move_centre", [0, 1.0, 2.0])
        copies = said(window, "autosave")
        window.set_theme("light")
        window.banner.dismiss()
        return {"copies": copies}

    if len(sys.argv) > 1:  # with the last experiment, as it is remembered
        drive(lambda window: {"banner": window.banner.text.text()})
    drive(act, "k-means")


def test_a_home_that_cannot_be_written_is_told_and_the_app_lives_on(tmp_path: Path) -> None:
    """Where tests run as root, permissions bind nobody: a file stands where the folders would be."""
    (tmp_path / "home").write_text("")
    told = told_by("test_home", home=tmp_path / "home", timeout=100)
    assert told["copies"].startswith("No copy of this run is kept against a crash: ")
    assert (tmp_path / "home").read_text() == ""


@pytest.mark.parametrize("odd", ODD)
def test_spoiled_settings_do_not_keep_the_app_from_opening(tmp_path: Path, odd: str) -> None:
    home = surroundings(tmp_path)
    file = Path(home["XDG_CONFIG_HOME"]) / "Watchglass" / "Watchglass.conf"
    file.parent.mkdir(parents=True)
    keys = ("experiment", "theme", "geometry", "split", "controls", "recent", "offered")
    file.write_text("\n".join(["[General]", *(f"{key}={odd}" for key in keys)]))
    assert told_by("test_home", "spoiled", home=tmp_path, timeout=100) == {"banner": ""}


if __name__ == "__main__":
    main()
