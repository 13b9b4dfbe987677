"""What all tests share: one thread, no network, settings of their own, and the seconds each experiment takes."""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import lab  # noqa: F401  (says how many threads before NumPy is imported)

# Workers side by side would take the focus and the mouse of one display from each other, so they pretend theirs.
# What needs a real one (OpenGL, a real window) is run by .ci/run once more, alone.
SHOWN = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
if sys.platform.startswith("linux") and (not SHOWN or "PYTEST_XDIST_WORKER" in os.environ):
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("steady")

LIMIT = 2.5  # seconds of work that the common tests of an experiment may take; two small torch nets take 1.2 to 1.9
TRACED = 3  # how much longer it may take while coverage is measured
WORK = "seconds of work for "
_spent: dict[str, float] = defaultdict(float)


@pytest.fixture(autouse=True, scope="session")
def settings_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the person's own settings."""
    home = tmp_path_factory.mktemp("settings")
    os.environ["XDG_CONFIG_HOME"] = str(home)
    os.environ["XDG_DATA_HOME"] = str(home / "data")
    try:
        from PySide6.QtCore import QSettings
    except ImportError:
        yield
        return
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
        QSettings.setPath(QSettings.Format.IniFormat, scope, str(home))
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Count the processor's seconds, not the clock's: other work on the machine is nobody's fault."""
    began = time.process_time()
    try:
        return (yield)  # type: ignore[return-value]
    finally:
        name = getattr(item, "callspec", None) and item.callspec.params.get("name")  # type: ignore[attr-defined]
        if name and item.get_closest_marker("common"):
            item.user_properties.append((WORK + str(name), time.process_time() - began))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        for key, seconds in report.user_properties:
            if key.startswith(WORK):
                _spent[key.removeprefix(WORK)] += float(seconds)  # type: ignore[arg-type]


def pytest_sessionfinish(session: pytest.Session) -> None:
    limit = LIMIT * (TRACED if session.config.pluginmanager.hasplugin("_cov") else 1)
    if any(seconds > limit for seconds in _spent.values()) and not hasattr(session.config, "workerinput"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _spent:
        return
    terminalreporter.section("seconds of each experiment's common tests")
    for name, seconds in sorted(_spent.items()):
        over = f"  OVER THE LIMIT of {LIMIT} s: declare smaller `tiny` settings" if seconds > LIMIT else ""
        terminalreporter.write_line(f"{name:<24} {seconds:6.2f}{over}")


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parent.parent
