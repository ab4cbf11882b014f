"""The semantic layer against hand-written SQL and its peers: ``python -m benchmarks.semantic --help``."""
