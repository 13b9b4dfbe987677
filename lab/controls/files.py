"""The control of a file or folder of the person's: its path, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.controls.base import Control

LONGEST = 4096  # characters of a path


class File(Control):
    """Where a file with one of these endings lies, or a folder where there are none. Empty: none is chosen.

    Only the path is kept, and what is there is read when a run begins: a saved run needs the file once more.
    """

    kind = "file"

    def __init__(self, *, endings: Sequence[str] = (), **rest: Any) -> None:
        self.endings = tuple(endings)
        rest.setdefault("restarts", True)
        super().__init__("", **rest)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
            raise self.refuse(value, "the path of a file" if self.endings else "the path of a folder")
        text = value.strip()
        if text and self.endings and not text.lower().endswith(self.endings):
            raise self.refuse(value, f"a file that ends in {', '.join(self.endings)}")
        if text and not self.there(text):
            raise self.refuse(value, "a file that is there" if self.endings else "a folder that is there")
        return text

    def there(self, text: str) -> bool:
        """Whether something of the right sort lies at this path."""
        try:
            path = Path(text).expanduser()
            return path.is_file() if self.endings else path.is_dir()
        except (OSError, RuntimeError):
            return False

    def from_text(self, text: str) -> str:
        return self.check(text)

    def range(self) -> dict[str, Any]:
        return {"endings": list(self.endings)}
