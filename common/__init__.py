"""What every package may use: the base of all errors, text and files. It imports nothing of Labelscope."""
