"""What this machine cannot have: tests are skipped with its sentence, or fail where none may be skipped."""


class Lacking(Exception):
    """A sentence for the person who wonders why the tests with a real Engine did not run."""
