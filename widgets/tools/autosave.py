"""Nothing is lost: each window keeps a copy of its run, and offers at its start what a crash left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from time import time
from uuid import uuid4

from PySide6.QtCore import QLockFile, QStandardPaths, Qt, QTimer
from PySide6.QtWidgets import QMessageBox

from lab import glass
from lab.frame import Frame
from lab.session import Session
from widgets.tools import Tool
from widgets.window import Window

EVERY = 30_000  # milliseconds between two copies of a run that goes on
LEAST = 5_000  # milliseconds between two copies however much is done
KEPT = 14 * 86_400  # seconds that a lost run waits for somebody who wants it


class Autosave(Tool):
    """Keeps the copy, and offers the lost ones: at the start in the banner, and always in the menu."""

    title = "Restore a lost run"
    section = "Run"
    help = "What was open when the program last ended without being closed."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation)
        self.folder = Path(folder) / "autosave"
        self.path = self.folder / f"{uuid4().hex}.glass"  # this window's own: no other writes it
        self.lock: QLockFile | None = None  # held while there is a copy, and let go of by the system after a crash
        self.restoring: tuple[Path, QLockFile] | None = None
        self.unread: set[Path] = set()
        self.offered = False
        self.told = False  # that no copy can be written
        self.done: object = None  # what was last seen to be done in the run
        self.notes = 0  # how often something was noted beside it
        self.kept: object = None  # what the copy holds
        self.soon, self.often = QTimer(self), QTimer(self)
        self.soon.setSingleShot(True)
        self.soon.timeout.connect(self.keep)
        self.often.timeout.connect(self.keep)
        self.rest = QTimer(self)  # runs while it is too early for another copy
        self.rest.setSingleShot(True)
        if window.settings.fileName() == os.devnull:  # a window for one picture remembers nothing
            return
        window.opened.connect(self._opened)
        window.shown.connect(self._watch)
        window.noted.connect(self._note)
        window.gone.connect(self.forget)

    # ------------------------------------------------------------ the copy

    def _watch(self, frame: Frame) -> None:
        """Whatever is done by hand is copied soon; steps alone wait for their turn."""
        done = (frame.name, frame.seed, frame.gestures)
        if done != self.done:
            self.done = done
            if frame.gestures:
                self._keep_soon()
        if not self.often.isActive():
            self.often.start(EVERY)

    def _note(self) -> None:
        self.notes += 1
        self._keep_soon()

    def _keep_soon(self) -> None:
        if not self.soon.isActive():
            self.soon.start(max(0, self.rest.remainingTime()))

    def worth_keeping(self) -> bool:
        """Whether anything has happened in the run that opening its experiment anew would not bring back."""
        frame = self.window.frame
        return frame is not None and bool(frame.end or frame.gestures or self.notes)

    def keep(self) -> None:
        """Write the copy, if there is anything to lose and anything new."""
        frame = self.window.frame
        if frame is None or not self.worth_keeping():
            return
        now = (self.done, frame.t, frame.end, self.notes)
        if now == self.kept:
            return
        if self.rest.isActive():
            self.soon.start(self.rest.remainingTime())
            return
        self.kept = now
        self.rest.start(LEAST)
        if why := self._claim():
            self._say(why)
            return
        self.window.engine.ask(self._write, self._say)  # in the engine's thread, between two steps

    def _claim(self) -> str:
        """Hold the lock that tells other windows that this one lives; a sentence where that cannot be."""
        if self.lock is None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as wrong:
                return str(wrong.strerror)
            lock = lock_of(self.path)
            if not lock.tryLock(0):
                return f"{self.folder} cannot be written"
            self.lock = lock
        return ""

    def _write(self, session: Session) -> str:
        try:
            glass.save(session, self.path)
        except (OSError, ValueError) as wrong:
            return str(getattr(wrong, "strerror", "") or wrong)
        return ""

    def _say(self, why: str) -> None:
        if why and not self.told:
            self.told = True
            self.window.banner.say("autosave", f"No copy of this run is kept against a crash: {why}.", bad=True)

    def forget(self) -> None:
        """The window is closed by its person: nothing was lost."""
        for timer in (self.soon, self.often):
            timer.stop()
        if self.lock is not None:
            self.path.unlink(missing_ok=True)
            self.lock.unlock()
            self.lock = None

    # ------------------------------------------------------------ what was lost

    def lost(self) -> list[Path]:
        """Copies that no living window holds, the latest first; very old ones are thrown away."""
        found = []
        for path in self._copies():
            lock = lock_of(path)
            if not lock.tryLock(0):
                continue
            try:
                when = path.stat().st_mtime
                if time() - when > KEPT:
                    path.unlink(missing_ok=True)
                else:
                    found.append((when, path))
            except OSError:
                pass  # its window was closed this very moment
            finally:
                lock.unlock()
        return [path for _, path in sorted(found, reverse=True)]

    def _copies(self) -> Iterator[Path]:
        return (path for path in sorted(self.folder.glob("*.glass")) if path != self.path and path not in self.unread)

    def why_not(self) -> str:
        return "" if self.lost() else "No run was lost."

    def use(self) -> None:
        if lost := self.lost():
            self.restore(lost[0])

    def _opened(self, kind: object) -> None:
        self.notes = 0
        if self.restoring is not None:
            (path, lock), self.restoring = self.restoring, None
            self.rest.start(LEAST)
            if why := self._claim():
                self._settle(why, path, lock)
            else:  # its own copy is written before the old one goes
                self.window.engine.ask(self._write, lambda why: self._settle(why, path, lock))
        if not self.offered:
            self.offered = True
            self.offer()

    def offer(self) -> None:
        """Say once what was lost; it stays in the menu."""
        before = self.window.settings.value("offered", "")
        lost = self.lost()
        if lost and lost[0].name != before:
            self.window.settings.setValue("offered", lost[0].name)
            self.window.banner.say(
                "restore",
                "Watchglass ended without being closed. The run that was open then can be had back, here or later "
                f"from the menu: {self.title}.",
                label="Restore it",
                do=lambda: self.restore(lost[0]),
            )

    def restore(self, path: Path) -> None:
        """Open a lost run, once a person who has done something here has agreed."""
        if self.restoring is not None or (self.worth_keeping() and not self._agreed()):
            return
        lock = lock_of(path)
        if not lock.tryLock(0) or not path.is_file():
            self.window.banner.say("restore", "That run was restored by another window already.")
            return
        self.window.banner.dismiss()
        self.restoring = path, lock
        self.window.engine.failed.connect(self._failed, Qt.ConnectionType.SingleShotConnection)
        self.window.engine.open(str(path))

    def _agreed(self) -> bool:
        asked = QMessageBox.question(
            self.window,
            "Restore a lost run",
            "The run that is open now would be closed, and what was not saved of it is lost. Restore the other?",
        )
        return asked == QMessageBox.StandardButton.Yes

    def _settle(self, why: str, path: Path, lock: QLockFile) -> None:
        """The restored run is this window's now."""
        if not why:
            path.unlink(missing_ok=True)
        lock.unlock()
        self._say(why)

    def _failed(self, _: object) -> None:
        """It cannot be read, as the window says: it stays where it is, and no longer stands before the others."""
        if self.restoring is not None:
            (path, lock), self.restoring = self.restoring, None
            self.unread.add(path)
            lock.unlock()


def lock_of(path: Path) -> QLockFile:
    """Held by the window that writes this copy; Qt sees by its process whether that still lives."""
    lock = QLockFile(f"{path}.lock")
    lock.setStaleLockTime(0)  # however long a window stays open
    return lock


TOOLS: tuple[type[Tool], ...] = (Autosave,)
