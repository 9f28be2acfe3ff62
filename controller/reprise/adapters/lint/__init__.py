"""The Linter port: looks at a commit's tree in a process of its own."""
