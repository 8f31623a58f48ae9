"""Networks and the classical baseline: how they are built, trained, stored and used."""
