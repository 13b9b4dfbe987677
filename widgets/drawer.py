"""The drawer below the stage, where tools show what they found, each on a tab of its own."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget, QWidget

LEAST = 180  # pixels high


class Drawer(QTabWidget):
    """Closed while it is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.setTabsClosable(True)
        self.setDocumentMode(True)
        self.setAccessibleName("Tools")
        self.tabCloseRequested.connect(lambda at: self.take(self.widget(at)))
        self.hide()

    def put(self, title: str, widget: QWidget) -> None:
        """Show a widget, in front; one that is there already comes to the front."""
        at = self.indexOf(widget)
        if at < 0:
            at = self.addTab(widget, title)
        self.setMinimumHeight(LEAST)
        self.setCurrentIndex(at)
        self.show()

    def take(self, widget: QWidget | None) -> None:
        """Close a tab and forget its widget."""
        at = self.indexOf(widget) if widget is not None else -1
        if widget is None or at < 0:
            return
        self.removeTab(at)
        widget.close()
        widget.deleteLater()
        self.setVisible(self.count() > 0)

    def empty(self) -> None:
        """Close every tab: what a tool left there must not outlive the window."""
        while self.count():
            self.take(self.widget(0))
