"""The commands, one topic a file; cli/app.py registers them."""
