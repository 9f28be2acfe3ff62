"""Executes a trial where it runs: standard library only, any Python from 3.8 on, nothing of Reprise."""
