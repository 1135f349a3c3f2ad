"""One case, so many times: ``python -m benchmarks.micro.counted CASE TIMES`` is what runs under Valgrind."""

from __future__ import annotations

import gc
import sys

from benchmarks.micro.pure import PURE


def main() -> None:
    """The program."""
    name, times = sys.argv[1:]
    run = PURE[name]()
    # Caches are filled and specialised code is made outside of the difference that counts.
    for _ in range(50):
        run()
    gc.collect()
    gc.disable()
    for _ in range(int(times)):
        run()


if __name__ == "__main__":
    main()
