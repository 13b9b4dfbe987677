"""The shelf: every experiment by wing, with a search that looks in titles, lines and topics."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from lab.catalogue import Catalogue, Entry, topics

NAME = Qt.ItemDataRole.UserRole


class Shelf(QWidget):
    """The catalogue at the left of the window."""

    chosen = Signal(str)  # an experiment's name

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self.search = QLineEdit()
        count = sum(len(entries) for entries in catalogue.wings().values())
        self.search.setPlaceholderText(f"Search {count} experiments")
        self.search.setAccessibleName("Search experiments")
        self.search.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(14)
        self.tree.setAccessibleName("Experiments")
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        box.addWidget(self.search)
        box.addWidget(self.tree)
        self._items: dict[str, QTreeWidgetItem] = {}
        self._words: dict[str, str] = {}
        for wing, entries in catalogue.wings().items():
            shelf = QTreeWidgetItem([wing])
            shelf.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = shelf.font(0)
            font.setBold(True)
            shelf.setFont(0, font)
            self.tree.addTopLevelItem(shelf)
            for entry in entries:
                self._put(shelf, entry)
            shelf.setExpanded(True)
        self.search.textChanged.connect(self._find)
        self.search.returnPressed.connect(self._open_first)
        self.tree.itemClicked.connect(self._choose)
        self.tree.itemActivated.connect(self._choose)

    def mark(self, name: str) -> None:
        """Show which experiment is open."""
        item = self._items.get(name.split(":")[0])
        if item is not None:
            self.tree.setCurrentItem(item)

    def _put(self, shelf: QTreeWidgetItem, entry: Entry) -> None:
        item = QTreeWidgetItem([entry.heading])
        item.setData(0, NAME, entry.name)
        item.setToolTip(0, entry.line)
        shelf.addChild(item)
        self._items[entry.name] = item
        known = " ".join(topic.title for topic in topics(entry.name))
        self._words[entry.name] = f"{entry.title} {entry.name} {entry.line} {entry.wing} {known}".lower()

    def _find(self, text: str) -> None:
        words = text.lower().split()
        for name, item in self._items.items():
            item.setHidden(not all(word in self._words[name] for word in words))
        for i in range(self.tree.topLevelItemCount()):
            shelf = self.tree.topLevelItem(i)
            if shelf is not None:
                shelf.setHidden(all(item.isHidden() for item in self._items.values() if item.parent() is shelf))

    def _open_first(self) -> None:
        for name, item in self._items.items():
            if not item.isHidden():
                self.chosen.emit(name)
                return

    def _choose(self, item: QTreeWidgetItem) -> None:
        name = item.data(0, NAME)
        if name:
            self.chosen.emit(name)
        else:
            item.setExpanded(not item.isExpanded())
