"""A Docker Engine, a BuildKit and a registry of their own for the tests, so that images and containers are real.

``python -m tests.box`` starts them and prints their addresses until its standard input ends.
"""
