"""Switchboard under Python's profiler: ``python -m benchmarks.ours.profiled FILE serve ...``.

SIGUSR1 begins, when everything is loaded and ready; SIGUSR2 ends and writes FILE.
"""

from __future__ import annotations

import cProfile
import runpy
import signal
import sys


def main() -> None:
    """The program."""
    file = sys.argv[1]
    profile = cProfile.Profile()

    def end(*_: object) -> None:
        profile.disable()
        profile.dump_stats(file)

    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    signal.signal(signal.SIGUSR2, end)
    sys.argv = ["switchboard", *sys.argv[2:]]
    runpy.run_module("switchboard", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
