"""An option that is on or off: a pill of its own, or one segment of a row."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from widgets.look import Look


class Pill(QPushButton):
    """On in the accent colour."""

    def __init__(self, option: str, of: str, outlined: bool = True) -> None:
        super().__init__(option.replace("&", "&&"))
        self.outlined = outlined
        self.setCheckable(True)
        self.setAccessibleName(f"{of}: {option}")

    def restyle(self, look: Look) -> None:
        theme, scale = look.theme, look.scale
        accent = look.colour("accent")
        on = f"rgba({accent.red()}, {accent.green()}, {accent.blue()}, 0.18)"
        edge = theme.border if self.outlined else "transparent"
        radius = round((9 if self.outlined else 5) * scale)
        self.setStyleSheet(
            f"QPushButton {{ background: transparent; color: {theme.text}; border: 1px solid {edge};"
            f" border-radius: {radius}px; padding: {round(2 * scale)}px {round(9 * scale)}px; }}"
            f"QPushButton:hover {{ border-color: {theme.quiet}; }}"
            f"QPushButton:checked {{ background: {on}; border-color: {theme.accent}; }}"
            f"QPushButton:focus {{ border-color: {theme.text}; }}"
        )
