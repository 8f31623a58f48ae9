"""The folder that holds everything, and what every flow needs of it."""
