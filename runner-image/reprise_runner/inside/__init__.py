"""Files that go into a job's process; the trial's own copies run there, never these.

They run in strangers' interpreters, so they need Python >= 3.8, its standard library and nothing of
Reprise, keep out of the job's names and folders, and never let an error of theirs reach it.
"""
