"""Writes nothing yet: the counts are small enough to stand in the experiment."""
