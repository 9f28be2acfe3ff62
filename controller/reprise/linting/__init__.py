"""The lint on a folder: its files are listed and read here, judged by `domain.lint`, and told in four forms.

Called by ``reprise check`` and by whatever ends with the same check.
"""
