"""Every statement that writes. Callers open the transactions; what is there already is left as it is."""
