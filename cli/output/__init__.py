"""Output: tables, sentences, CSV and JSON, on terminals and into pipes and files."""
