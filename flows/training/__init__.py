"""The stage that trains models, compares them and promotes the best."""
