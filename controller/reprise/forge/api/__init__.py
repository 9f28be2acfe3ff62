"""The REST calls, as GitHub has them: same paths, same refusals, same replies."""
