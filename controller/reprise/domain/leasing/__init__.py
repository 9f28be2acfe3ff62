"""Machines that are leased and paid for: which, when, how long, at what cost, what a refusal means. Pure."""
