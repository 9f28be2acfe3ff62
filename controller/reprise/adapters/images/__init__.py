"""Images by BuildKit, from a commit to a digest."""
