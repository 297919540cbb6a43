#!/bin/sh
# Writes the lock files: every platform, hashes, no registry's address, so that a council's own mirror serves as well.
# Usage: lock.sh UV; UPGRADE=1 in the environment takes newer versions of everything.
set -eu
uv=$1

lock() {
    output=$1
    shift
    echo "Locking $output …"
    "$uv" pip compile "$@" --universal --generate-hashes --quiet ${UPGRADE:+--upgrade} \
        --no-emit-index-url --no-emit-find-links --no-annotate \
        --custom-compile-command "make lock" -o "$output"
}

lock requirements.lock pyproject.toml --python-version 3.11
lock tests/requirements.lock pyproject.toml --group dev --python-version 3.11
lock bot/requirements.lock bot/pyproject.toml --excludes bot/left_out.txt --python-version 3.10
lock bot/requirements-dev.lock bot/pyproject.toml --group bot/pyproject.toml:dev \
    --excludes bot/left_out.txt --python-version 3.10
lock tests/ssda903/judge.lock tests/ssda903/judge.in --python-version 3.11
