"""The command line: `labelscope`."""
