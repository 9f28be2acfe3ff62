"""Benchmarks: each compares Reprise with a peer, or with its own limit, in the same run. ``make bench``."""
