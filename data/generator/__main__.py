"""Command line of the generator: ``python -m data.generator --scale 1 --out data/demo/files [--next-day]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from data.generator import GenerationError, generate, next_day


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m data.generator", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("data/demo/files"), help="folder of the files")
    parser.add_argument("--scale", type=float, default=1.0, help="1 = about 400 thousand visits in two years")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=730, help="days from 2024-07-01")
    parser.add_argument("--next-day", action="store_true", help="add one day to what is there")
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args(arguments)
    say = (lambda text: None) if options.quiet else print
    try:
        if options.next_day:
            next_day(options.out, say=say)
        else:
            generate(options.out, scale=options.scale, seed=options.seed, days=options.days, say=say)
    except GenerationError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
