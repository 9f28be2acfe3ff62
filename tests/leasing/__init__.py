"""A provider of leased machines on a simulated cloud, for tests."""
