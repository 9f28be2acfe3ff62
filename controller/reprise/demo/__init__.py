"""``reprise demo``: the main job on one machine, with a real forge, a real controller and a real verdict."""
