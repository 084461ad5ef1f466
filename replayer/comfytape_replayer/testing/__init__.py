"""What the pytest plugin does once a test uses it; nothing here is imported before."""
