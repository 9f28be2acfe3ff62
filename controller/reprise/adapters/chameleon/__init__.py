"""Chameleon Cloud: its sites lease whole machines and virtual ones for hours or days."""
