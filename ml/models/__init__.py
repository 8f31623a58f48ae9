"""Networks and the classical baseline: layers, training, files and prediction."""
