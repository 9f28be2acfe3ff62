"""What a repository can be told before anybody pays for a run. Static: nothing of it is imported or run.

A file for each barrier to reproducibility holds its rules, one small function each; `rules` lists them all.
"""
