"""The home folder, and the servers, files and settings that every flow needs."""
