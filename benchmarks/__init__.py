"""Speed and memory against hand-written equivalents, one command each; ratios within one run, never absolute times."""
