"""What a request needs, looked at before anything that takes long."""
