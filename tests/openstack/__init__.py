"""Keystone, Placement, Glance, Neutron, Nova and Blazar for real, with machines that are made up.

``python -m tests.openstack`` starts them and prints their addresses until its standard input ends. What
stands for a machine is a real SSH server in a network of its own, behind the floating IP from Neutron.
"""
