#!/usr/bin/env bash
# Long tests of `tinylora serve` with real clients.
#
#     Scripts/soak/run.sh [SECONDS]
#
# Starts the server on Abacus with adapters that are made on the spot, then runs the official openai client, schemathesis against
# /openapi.json, and for SECONDS (600) clients that vanish, send garbage and wrong tokens. Ends with 1 when something does not hold.
# Installs the clients into .interop/soak the first time. TINYLORA names another executable, PYTHON another Python.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-600}
tinylora=${TINYLORA:-$(swift build -c release --traits Serve --show-bin-path)/tinylora}
Scripts/environment.sh soak
exec .interop/soak/bin/python Scripts/soak/soak.py "$tinylora" "$seconds"
