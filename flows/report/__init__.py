"""The report: one page on all that there is."""
