"""A Docker Engine, a BuildKit and a registry of their own: tests meet real images and containers.

``python -m tests.box`` starts them and prints their addresses until its standard input ends.
"""
