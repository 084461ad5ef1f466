"""Cases: what each submits, and which job of a recording is whose."""
