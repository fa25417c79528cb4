#!/usr/bin/env bash
# Runs a command and says one TAP line for it: tools/tap.sh 'NAME' COMMAND…
name=$1
shift
if "$@"; then echo "ok 1 - $name"; else echo "not ok 1 - $name"; exit 1; fi
