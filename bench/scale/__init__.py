"""How the cost of queries and runs grows with the number of tracks."""
