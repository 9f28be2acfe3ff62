"""What an existing repository already says about its experiment, read so that nobody writes it twice. Pure.

Each file knows one thing that repositories have. `proposal` puts them together, `written` makes the
``reprise.yaml``, in which every choice names its reason and its place.
"""
