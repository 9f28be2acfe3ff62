"""What a trial is made of and what is taken from it, wherever it runs. Used by the adapters that run jobs."""
