"""The ``comfytape`` command: it parses, hands over, and turns results into exit codes."""
