"""Every statement that writes. Callers open the transactions; running any of these twice changes nothing."""
