"""python -m tests.bench: every figure is a ratio of two things measured in the same run."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence

BENCHES = (
    "smoothness",
    "stall",
    "overhead",
    "playground",
    "landscape",
    "lloyd",
    "pca",
    "seek",
    "start",
    "growth",
    "gpu",
)  # one module each; run() there returns rows


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=BENCHES, help="one benchmark")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args(given)
    rows = []
    for name in (wanted.only,) if wanted.only else BENCHES:
        if wanted.here:
            rows += importlib.import_module(f"tests.bench.{name}").run()
        else:  # each in a process of its own, so that none inherits another's threads and caches
            command = [sys.executable, "-m", "tests.bench", "--only", name, "--json", "--here"]
            done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
            if done.returncode:
                print(done.stderr, file=sys.stderr)
                return 1
            found = json.loads(done.stdout)
            rows += found
            if not found:  # what cannot be measured here says why
                print(done.stderr.strip(), file=sys.stderr)
    if wanted.json:
        print(json.dumps(rows))
    else:
        for row in rows:
            mark = "reached" if row["reached"] else "NOT reached"
            print(f"{row['name']:<18} {row['ratio']:8.3f}   reach {row['reach']}  {mark}")
            for key, value in row["detail"].items():
                print(f"    {key}: {value}")
    return 0


def _environment() -> dict[str, str]:
    """A window needs a display, or a pretended one."""
    environment = dict(os.environ)
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY"} & environment.keys():
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    return environment


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
