"""A report of a run on paper or as a page: settings, key moments, curves, the equation, and how to get it again."""

from __future__ import annotations

import base64
import html
import json
from datetime import date
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
from PySide6.QtGui import QFont, QImage, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from lab import exports
from lab.files import write_whole
from lab.frame import UNSEALED
from lab.marks import Curve, Equation, Panel, panels
from lab.session import Session
from widgets.look import rich
from widgets.movie import Cancelled, Projector, Still, Tick, hurry, measured
from widgets.panel import Card
from widgets.still import png, still
from widgets.theme import font_families

SHARP = 2  # pixels of a picture for one on the page
WIDE = 640  # pixels of the page that a picture takes
CARD = (640, 300)
LONG = 120  # characters of a value, at most
MOST = 24  # moments
NEW_PAGE = 'style="page-break-before: always"'  # Qt cannot keep a heading with what follows it otherwise
KINDS = (".html", ".pdf")

STYLE = """
body { font-family: system-ui, sans-serif; color: #1c2128; background: #ffffff; max-width: 680px; margin: 24px auto; }
h1 { font-size: 22px; } h2 { font-size: 16px; margin-top: 22px; } p, td, th, li { font-size: 13px; }
td, th { text-align: left; padding: 2px 14px 2px 0; vertical-align: top; } th, .quiet { color: #667080; }
pre { background: #f4f5f7; padding: 8px; white-space: pre-wrap; font-size: 12px; } img { max-width: 100%; }
"""


def write_report(projector: Projector, path: str, steps: int, many: int, about: str, tick: Tick) -> None:
    """Play the run to its end, return to its key moments, and write what was to be seen; whole or not at all."""
    suffix = Path(path).suffix.lower()
    if suffix not in KINDS:
        raise ValueError(f"a report is an .html or a .pdf file, not {suffix or 'one without an ending'}")
    if not 1 <= many <= MOST:
        raise ValueError(f"--moments must be a whole number from 1 to {MOST}, not {many}")
    page = compose(projector, steps, many, about, tick)
    write_whole(path, page if suffix == ".html" else _pdf(page))


def compose(projector: Projector, steps: int, many: int, about: str, tick: Tick) -> str:
    """The page as HTML with its pictures inside."""
    session = projector.session
    todo = steps + many

    session.seek(min(steps, session.end))
    while session.t < steps and session.step():
        if not tick(session.t, todo):
            raise Cancelled
    end = session.t
    metrics = session.run.columns.views()
    first = next((metrics[name] for name in session.kind.metrics if name in metrics), None)
    shown = []
    for done, t in enumerate(exports.moments(first, end, many)):
        session.seek(t)
        frame = projector.draw(finest=True)
        shown.append(_img(_picture(projector), f"Step {t}"))
        if not tick(steps + done + 1, todo):
            raise Cancelled
    frame = projector.draw(finest=True) if session.seek(end) else projector.frame
    cards = {kind: _cards(projector, kind) for kind in (Curve, Equation)}
    title, line = projector.title.text(), about[:1].upper() + about[1:]
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(line)}</p>",
        _facts(session, end),
        _settings(session),
    ]
    if frame.gestures:
        done_there = "".join(f"<li>after step {t}: {html.escape(said)}</li>" for t, said in frame.gestures)
        parts.append(f"<h2>What was done</h2><ul>{done_there}</ul>")
    for heading, kind in (("The equation", Equation), ("Curves", Curve)):
        if cards[kind]:
            where = NEW_PAGE if kind is Curve else ""
            parts.append(f"<h2 {where}>{heading}</h2>" + "".join(_img(image, heading) for image in cards[kind]))
    heading = "Picture" if session.kind.explores() else "Key moments"
    parts.append(f"<h2 {NEW_PAGE}>{heading}</h2>" + "".join(shown))
    parts.append("<h2>The same again</h2>" + _again(session))
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _facts(session: Session, end: int) -> str:
    rows = [("Experiment", session.kind.name), ("Seed", str(session.seed)), ("Date", date.today().isoformat())]
    if not session.kind.explores():
        rows.append(("Steps", str(end)))
    if session.finished:
        rows.append(("Ended", session.finished))
    if session.sealing.seal != UNSEALED:
        rows.append(("Held out", session.sealing.seal.said()))
    if session.run.diverged:
        rows.append(("Diverged", f"at step {session.run.diverged[0]} ({session.run.diverged[1]})"))
    cells = "".join(f"<tr><th>{name}</th><td>{html.escape(told)}</td></tr>" for name, told in rows)
    for metric in measured(session, end):
        name, _, value = metric.partition(" = ")
        cells += f"<tr><th>{name}</th><td>{value}</td></tr>"
    return f"<table>{cells}</table>"


def _settings(session: Session) -> str:
    """Every control as the run began with it."""
    rows = ""
    for name, value in session.begun.items():
        control = session.kind.controls[name]
        if not control.view:
            rows += f"<tr><td>{html.escape(control.label)}</td><td>{rich(control.symbol)}</td>"
            rows += f"<td>{html.escape(_said(control.to_json(value)))}</td></tr>"
    return f"<h2>Settings</h2><table>{rows}</table>" if rows else ""


def _said(value: Any) -> str:
    """A control's value, as its file has it, in one line."""
    if isinstance(value, dict):
        text = ", ".join(f"{key} {_said(part)}" for key, part in value.items() if not isinstance(part, (list, dict)))
    elif isinstance(value, bool):
        text = "on" if value else "off"
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


def _again(session: Session) -> str:
    line = exports.command(session)
    if not line:
        return "<p>This run holds data of its own, which no command can: keep it as a .glass file.</p>"
    return f"<pre>{html.escape(line)}</pre>"


def _cards(projector: Projector, kind: type) -> list[QImage]:
    """A picture of each panel that has such a mark and something to show in it."""
    made = []
    for panel in panels(projector.session.layout):
        if panel.shown and any(isinstance(mark, kind) for mark in panel.marks):
            made.append(_card(projector, panel))
    return made


def _card(projector: Projector, panel: Panel) -> QImage:
    card = Card(panel, Still(projector.session.kind), projector.look)
    card.size_button.hide()
    card.resize(*CARD)
    card.show()
    card.show_frame(projector.session.draw(panel.names()))
    hurry(card)
    if not any(isinstance(mark, Curve) for mark in panel.marks):
        card.resize(CARD[0], min(CARD[1], max(card.sizeHint().height(), 110)))
        hurry(card)
    image = still(card, SHARP)
    card.close()
    card.deleteLater()
    return image


def _picture(projector: Projector) -> QImage:
    hurry(projector)
    return still(projector, 1.0)


def _img(image: QImage, alt: str) -> str:
    return (
        f'<p><img width="{WIDE}" alt="{alt}" src="data:image/png;base64,{base64.b64encode(png(image)).decode()}"></p>'
    )


def _pdf(page: str) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle("Watchglass")
    writer.setPageLayout(
        QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0))
    )
    writer.setResolution(96)
    document = QTextDocument()
    document.setDocumentMargin(56)
    document.setDefaultFont(QFont(font_families(), 10))
    document.setHtml(page)
    document.print_(writer)
    del writer  # it finishes the file as it goes
    return bytes(buffer.data().data())
