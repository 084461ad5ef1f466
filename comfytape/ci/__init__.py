"""Continuous integration: what the GitHub action and the workflows to copy run. Rules and formats live elsewhere."""
