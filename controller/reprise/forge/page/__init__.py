"""The page for people: repositories, commits with statuses and comments, pull requests, deliveries."""
