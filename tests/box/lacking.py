"""What this machine cannot have, said once: a test is skipped with it, or fails where nothing may be skipped."""


class Lacking(Exception):
    """A sentence for the person who wonders why the tests with a real Engine did not run."""
