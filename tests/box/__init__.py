"""A Docker Engine, a BuildKit and a registry for the tests alone: images and containers are real.

``python -m tests.box`` starts them and prints their addresses until its standard input ends.
"""
