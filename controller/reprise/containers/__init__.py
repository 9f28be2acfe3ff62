"""Trials in containers of a Docker Engine, of this machine or another. For the backends that have one."""
