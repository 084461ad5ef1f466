#!/usr/bin/env bash
# Installs comfytape from the action's own checkout, with the pinned versions and hashes of its lock file, into an
# environment of its own: the job's Python and its packages stay as they are. A second use in a job finds it there.
set -euo pipefail

place="$RUNNER_TEMP/comfytape"
python="$place/bin/python"
if [ ! -x "$python" ] || ! "$python" -I -c "import comfytape" 2>/dev/null; then
  "${COMFYTAPE_CI_PYTHON:-python3}" -m venv "$place"
  pip=("$python" -m pip --disable-pip-version-check --quiet install)
  "${pip[@]}" --require-hashes -r "$GITHUB_ACTION_PATH/requirements.lock"
  "${pip[@]}" --no-deps --no-build-isolation "$GITHUB_ACTION_PATH"
fi
"$place/bin/comfytape" --version
