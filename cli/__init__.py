"""The front door: the command `labelscope`."""
