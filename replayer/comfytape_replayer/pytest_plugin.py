"""The pytest plugin: a replay server for a test. Loaded in every pytest run, so it imports nothing until it is used."""
