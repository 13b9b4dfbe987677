"""Files dropped on the window open: a saved run, points of a Dataset, a picture or a text where one is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPointF, QTimer, QUrl
from PySide6.QtGui import QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QDialog, QFileDialog

from lab.controls import Dataset, File, Picture, Text, same
from lab.data import texts
from lab.data.sheet import ENDINGS as SHEETS
from lab.data.sheet import opened
from widgets.controls import Editor
from widgets.tools import Tool
from widgets.window import Window

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
WANTED = f"a saved run (.glass), a sheet of points ({', '.join(SHEETS)}), a picture or a text"
KINDS = {"a sheet of points": SHEETS, "a picture": PICTURES, "a text": texts.ENDINGS}
LONG = 80  # a Text that takes no more is a line, which is sooner typed than brought in


class Bring(Tool):
    """Dropping a file and choosing one in the dialog are the same."""

    title = "Bring in a file …"
    section = "Data"
    keys = "Ctrl+I"
    help = f"Opens {WANTED}. Dropping it on the window does the same."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        window.setAcceptDrops(True)
        (window.windowHandle() or window).installEventFilter(self)  # it may be on the screen already

    def why_not(self) -> str:
        return ""

    def use(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.window, "Bring in a file")
        if path:
            self.take(Path(path))

    # ------------------------------------------------------------ what Qt asks

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Plots would take every drop for themselves: so it is caught where it comes into the window."""
        if watched is self.window:
            if event.type() == QEvent.Type.Show and (native := self.window.windowHandle()) is not None:
                self.window.removeEventFilter(self)
                native.installEventFilter(self)
            return False
        if isinstance(event, QDropEvent):  # entering and moving are kinds of it
            if not event.mimeData().hasUrls() or self._takes_itself(event.position()):
                return False
            event.acceptProposedAction()
            if not isinstance(event, QDragMoveEvent):
                # Later, or a dialog would keep the program waiting that the file was dragged from.
                QTimer.singleShot(0, partial(self.dropped, list(event.mimeData().urls())))
            return True
        return False

    def _takes_itself(self, place: QPointF) -> bool:
        """Whether there is an editor below that wants the file's path."""
        part = self.window.childAt(place.toPoint())
        while part is not None and not (isinstance(part, Editor) and isinstance(part.control, File)):
            part = part.parentWidget()
        return part is not None

    # ------------------------------------------------------------ what is done with it

    def dropped(self, urls: list[QUrl]) -> None:
        if len(urls) != 1:
            self._refuse(f"Drop one file at a time: there were {len(urls)}.")
        elif not urls[0].isLocalFile():
            self._refuse("Only a file of this computer can be dropped: save it first.")
        else:
            self.take(Path(urls[0].toLocalFile()))

    def take(self, path: Path) -> None:
        """Do with a file what its ending asks for."""
        ending = path.suffix.lower()
        if not path.exists():
            self._refuse(f"There is no file {path.name}.")
        elif ending == ".glass" and path.is_file():
            self.window.open_file(str(path))
        elif place := next(self._places(path, ending), None):
            place()
        elif path.is_dir():
            self._refuse(f"{path.name} is a folder, and nothing here takes one: drop {WANTED}.")
        elif kind := next((kind for kind, known in KINDS.items() if ending in known), ""):
            self._refuse(f"{path.name} is {kind}, and nothing in this experiment takes one.")
        else:
            self._refuse(f"{path.name} is of no kind that can be used here: drop {WANTED}.")

    def _places(self, path: Path, ending: str) -> Iterator[Callable[[], None]]:
        """Where a file can go in the open experiment: points first, then pictures, then paths."""
        editors = list(self.window.column.editors.values()) if self.window.column is not None else []
        pages = [one for one in editors if isinstance(one.control, Text) and one.control.longest > LONG]
        if ending in texts.ENDINGS and pages and not _is_sheet(path, ending):
            yield partial(self._text, pages, path)
        for one in editors:
            if isinstance(one.control, Dataset) and ending in SHEETS:
                yield partial(self._points, one, path)
        for one in editors:
            if isinstance(one.control, Picture) and ending in PICTURES:
                yield partial(self._picture, one, path)
        for one in editors:
            if isinstance(one.control, File) and (ending in one.control.endings if path.is_file() else _folder(one)):
                yield partial(self._set, one, str(path))

    def _points(self, editor: Editor, path: Path) -> None:
        """Show what the sheet holds and let the person choose, as the editor's own button does."""
        from widgets.controls.sheet import SheetDialog

        try:
            dialog = SheetDialog(opened(str(path)), path.name, self.window)
        except ValueError as wrong:
            self._refuse(f"{path.name}: {wrong}.")
            return
        if dialog.exec() == QDialog.DialogCode.Accepted and dialog.points is not None:
            self._set(editor, dialog.points)
        dialog.deleteLater()

    def _picture(self, editor: Editor, path: Path) -> None:
        from widgets.controls.picture import read

        try:
            self._set(editor, read(path, editor.control.height, editor.control.width))
        except ValueError as wrong:
            self._refuse(str(wrong))

    def _text(self, editors: list[Editor], path: Path) -> None:
        """Show how it begins and what of it there is room for."""
        from widgets.controls.text_file import TextDialog

        try:
            loaded = texts.load(path)
        except ValueError as wrong:
            self._refuse(f"{wrong}.")
            return
        dialog = TextDialog(loaded, [editor.control for editor in editors], self.window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._set(editors[dialog.whose.currentIndex()], dialog.text)
        dialog.deleteLater()

    def _set(self, editor: Editor, value: Any) -> None:
        """Set a control, and with it those on which it depends whether it means anything."""
        if hidden := self._hidden(editor):
            self.window.engine.restart(None, {**hidden, editor.control.key: value}, lane=0)
        else:
            editor.typed(value)

    def _hidden(self, editor: Editor) -> dict[str, Any]:
        """What must be set for this editor to be shown; nothing where it is."""
        frame = self.window.frame
        settings = frame.settings if frame is not None else {}
        return {
            name: values[0]
            for name, values in editor.control.when.items()
            if not any(same(settings.get(name), value) for value in values)
        }

    def _refuse(self, why: str) -> None:
        self.window.banner.say("refused", why, bad=True)


def _is_sheet(path: Path, ending: str) -> bool:
    """Whether a file that may be either holds rows with two columns of numbers."""
    try:
        return ending in SHEETS and bool(opened(str(path)).usual())
    except ValueError:
        return False


def _folder(editor: Editor) -> bool:
    return not editor.control.endings


TOOLS: tuple[type[Tool], ...] = (Bring,)
