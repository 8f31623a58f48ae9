"""Make a backup of a home, and restore it into an empty one."""
