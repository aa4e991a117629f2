#!/bin/sh
# shellcheck shell=sh
# Runs the words in the file NAME.words beside it, one a line, and then the arguments of the call.
given=$#
while IFS= read -r word; do set -- "$@" "$word"; done <"$0.words"
while [ "$given" -gt 0 ]; do
  word=$1
  shift
  set -- "$@" "$word"
  given=$((given - 1))
done
exec "$@"
