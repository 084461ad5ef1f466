#!/usr/bin/env bash
# The action's main step: what is replayed is replayed with the network cut, unless OFFLINE says otherwise.
set -euo pipefail

comfytape="$RUNNER_TEMP/comfytape/bin/comfytape"
if [ "${COMFYTAPE_CI_MODE:-replay}" = replay ] && [ "${OFFLINE:-true}" = true ]; then
  exec bash "$GITHUB_ACTION_PATH/comfytape/ci/offline.sh" "$comfytape" ci run
fi
exec "$comfytape" ci run
