"""From what people commit to a Dockerfile: what is detected, read, written and compared. Pure."""
