#!/bin/sh
# A client that somebody wrote with curl: the workflow comes on stdin, the last status goes to stdout.
set -eu
base="$RUNPOD_ENDPOINT_BASE_URL/any-endpoint"
job=$({ printf '{"input": {"workflow": '; cat; printf '}}'; } |
  curl -sSf -H "Authorization: Bearer not-a-key" -H "Content-Type: application/json" --data-binary @- "$base/run" |
  sed 's/.*"id": "\([^"]*\)".*/\1/')
while :; do
  said=$(curl -sSf "$base/status/$job")
  case $said in
    *'"status": "IN_'*) ;;
    *) printf '%s' "$said"; exit ;;
  esac
done
