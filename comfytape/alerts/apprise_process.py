"""One message through apprise, in a process of its own; run as a file, and never imported.

apprise hands its work to a thread pool that Python waits for when it ends, so a service that hangs would hold the
command for as long as it likes, and its log has parts of URLs. A process can be ended, and what it logs goes nowhere.

Read from standard input: an object with ``url``, and ``title``, ``body`` and ``type`` unless only the URL is to be
looked at. Printed: an object with ``known`` (whether apprise knows the URL), ``delivered`` and ``status``, the HTTP
status of a refusal or 0.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import warnings

STATUS = re.compile(r"error=(\d{3})\b")
"""How apprise's plugins log the status of a refused request."""


class Statuses(logging.Handler):
    """Reads the HTTP status off the log, and lets nothing else out."""

    last = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the status."""
        found = STATUS.search(record.getMessage())
        if found:
            self.last = int(found[1])


def main() -> int:
    """Read, send, print."""
    asked = json.load(sys.stdin)
    warnings.simplefilter("ignore")
    import apprise  # noqa: PLC0415 - after the warnings that its plugins' imports give are off

    statuses = Statuses(logging.WARNING)
    logger = logging.getLogger("apprise")
    logger.propagate, logger.handlers = False, [statuses]
    service = apprise.Apprise.instantiate(asked["url"], suppress_exceptions=True)
    delivered = False
    if service is not None and "body" in asked:
        notified = apprise.Apprise(service)
        delivered = bool(notified.notify(asked["body"], asked["title"], asked["type"], body_format="text"))
    sys.stdout.write(json.dumps({"known": service is not None, "delivered": delivered, "status": statuses.last}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
