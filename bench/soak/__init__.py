"""Days of `labelscope up` in less than an hour."""
