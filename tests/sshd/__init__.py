"""A machine to log in to: a real sshd with its own network, processes, users and programs. Needs root.

It lives in namespaces of its own that end with their first process, which ends with whoever asked for it,
however they went: nothing of it can be left over.
"""
