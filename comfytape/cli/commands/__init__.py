"""A file a command: the module's name is the command's, its ``command`` is what runs. Adding one is adding a file."""
