"""``python -m comfytape``."""

from comfytape.cli.main import main

main()
