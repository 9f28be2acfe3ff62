"""A small GitHub-shaped forge on loopback: git over HTTP, the REST calls that Reprise makes, signed webhooks
and a plain page. It serves the demo, the tutorials and the tests, and refuses what GitHub refuses.

`server.main` runs it for the command line, `server.start` inside another program, `server.add_user` makes
accounts. It is no place for secrets or strangers: it binds to loopback only.
"""
