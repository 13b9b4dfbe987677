"""The column of controls, under real keys and mouse."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QComboBox, QLineEdit, QSlider, QWidget

from lab.experiments.neighbours.k_means import KMeans
from tests.widgets.everything import LEFT, Everything, click, shown, write
from widgets.controls.column import ControlColumn
from widgets.look import Look
from widgets.theme import DARK, LIGHT


@pytest.fixture
def column(qtbot: Any) -> Any:
    return shown(qtbot)


def test_a_control_with_when_shows_only_while_the_others_stand_so(column: Any) -> None:
    settings = Everything().settings()
    assert not column.editors["strength"].isVisible()
    column.show_settings({**settings, "penalty": "L2"})
    assert column.editors["strength"].isVisible()


def test_a_repeated_frame_costs_no_display(column: Any, monkeypatch: Any) -> None:
    settings = Everything().settings()
    column.show_settings(settings)
    drawn: list[str] = []
    for name, one in column.editors.items():
        monkeypatch.setattr(one, "display", lambda value, name=name: drawn.append(name))
        monkeypatch.setattr(one, "setVisible", lambda wanted, name=name: drawn.append(name))
    column.show_settings(dict(settings))
    assert drawn == []
    column.show_settings({**settings, "k": 3})
    assert "k" in drawn


def test_presets_prompts_seeds_and_reset_are_asked_for(column: Any) -> None:
    column.presets.setFocus()
    QTest.keyClick(column.presets, Qt.Key.Key_Down)
    link = column.links[0]
    column.ensureWidgetVisible(link)
    at = link.mapTo(column, QPoint(20, link.height() // 2))
    QTest.mouseClick(column.windowHandle(), LEFT, Qt.KeyboardModifier.NoModifier, at)
    write(column.seed.box, "42")
    click(column.seed.dice)
    column.show_settings({**Everything().settings(), "k": 3})
    click(column.reset)
    calm, prompt, typed, diced, reset = column.asked
    assert (calm, prompt, typed, reset) == ({"rate": 0.01}, {"k": 12}, 42, "reset all")
    assert diced != 42
    assert 0 <= diced < 10_000


def test_the_presets_tell_which_of_them_is_in_force(column: Any) -> None:
    column.show_settings({**Everything().settings(), "rate": 0.9, "k": 2})
    assert column.presets.currentText() == "wild"
    column.show_settings({**Everything().settings(), "rate": 0.8, "k": 2})
    assert column.presets.currentIndex() == -1


def test_a_seed_out_of_range_is_answered_and_not_handed_on(column: Any) -> None:
    write(column.seed.box, "-1")
    assert column.seed.wrong.text() == "seed must be a whole number from 0 to 4294967295, not -1"
    assert column.asked == []


def test_the_wheel_scrolls_the_column_and_turns_nothing(column: Any) -> None:
    for widget in (column.editors["rate"].track, column.editors["begin"].picker):
        before = column.verticalScrollBar().value()
        at = widget.mapTo(column, widget.rect().center())
        QTest.wheelEvent(column.window().windowHandle(), at, QPoint(0, -120))
        assert column.verticalScrollBar().value() > before
    assert column.done == []


@pytest.mark.parametrize("kind", [Everything, KMeans])
def test_nothing_is_cut_at_the_least_width_and_everything_has_a_name(kind: Any, qtbot: Any) -> None:
    for look in (Look(DARK), Look(LIGHT, 1.5)):
        made = ControlColumn(kind, lambda: 1, look)
        qtbot.addWidget(made)
        made.resize(made.minimumWidth(), 600)
        made.show()
        inside: Any = made.widget()
        assert inside.minimumSizeHint().width() <= made.viewport().width()
        assert made.horizontalScrollBar().maximum() == 0
        touched = (QAbstractButton, QLineEdit, QComboBox, QSlider, QAbstractScrollArea)
        seen = [one for one in inside.findChildren(QWidget) if isinstance(one, touched) and one.isVisible()]
        nameless = [one for one in seen if not one.accessibleName()]
        assert len(seen) > 10
        assert nameless == []


def test_a_file_without_a_class_docstring_is_told_by_its_own(qtbot: Any) -> None:
    made = ControlColumn(KMeans, lambda: 1, Look(DARK))
    qtbot.addWidget(made)
    made.show()
    assert not made.about.text.isVisible()
    click(made.about.line)
    assert made.about.text.isVisible()
    assert "give every point to its nearest centre" in made.about.text.text()
