"""Records as the JSON that GitHub sends, for the REST replies and the webhook payloads alike. Pure."""
