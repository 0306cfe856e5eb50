#!/usr/bin/env bash
# Installs a client that others have written, for the tests, below target/, and prints the program that runs its scripts.
#
#   scripts/clients.sh pyln      pyln-client, the Python client of Core Lightning's makers
#   scripts/clients.sh lnbits    LNbits, for its wallets on Core Lightning's socket and on its REST interface
#   scripts/clients.sh js        clients of the socket for Node.js
#
# Which versions stands in e2e/clients/CLIENT/. Nothing is done when they are there already.
set -euo pipefail
cd "$(dirname "$0")/.."

client=${1:-}
source=e2e/clients/$client

fail() {
    echo "cannot install the client $client: $1" >&2
    exit 1
}

# The first Python from 3.$1 to 3.$2 that can make an environment, or can be given one by its pip; fails when there is none.
python() {
    local name
    for name in python3 python3.{13,12,11,10,9}; do
        command -v "$name" >/dev/null || continue
        if "$name" -c "
import sys, venv
try:
    import ensurepip
except ImportError:
    import pip
sys.exit(not (3, $1) <= sys.version_info[:2] <= (3, $2))" 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    return 1
}

# Makes an environment with Python $1 in the folder $2, in which pip is called with the other arguments.
environment() {
    local python=$1 folder=$2
    shift 2
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv "$folder"
        "$folder/bin/python" -m pip "$@"
    else
        # Debian keeps that module in a package of its own (python3-venv).
        "$python" -m venv --without-pip "$folder"
        "$python" -m pip --python "$folder/bin/python" "$@"
    fi
}

# Installs what requirements.txt names, each thing in the version that constraints.txt gives, in a Python from 3.$2 to 3.$3.
install_python() {
    local folder=$1 python
    python=$(python "$2" "$3") ||
        fail "no Python from 3.$2 to 3.$3 with venv and pip (Debian: apt install python3-venv); there is $(python3 --version 2>&1)"
    environment "$python" "$folder" install --quiet --disable-pip-version-check --retries 5 \
        --constraint "$source/constraints.txt" --requirement "$source/requirements.txt"
}

install_node() {
    local folder=$1
    command -v node >/dev/null || fail "there is no node (Debian: apt install nodejs)"
    command -v npm >/dev/null || fail "there is no npm (Debian: apt install npm)"
    mkdir -p "$folder"
    cp "$source/package.json" "$source/package-lock.json" "$folder"
    # What these scripts would do is compile faster cryptography.
    npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error
    ln -s "$(command -v node)" "$folder/node"
}

case $client in
pyln | lnbits) program=bin/python ;;
js) program=node ;;
*) fail "it must be pyln, lnbits or js" ;;
esac

target=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")/clients
mkdir -p "$target"
# Several tests may ask at once; the first one installs.
exec 9>"$target/$client.lock"
flock 9
folder=$target/$client
ready=$folder/ready-$(find scripts/clients.sh "$source" -type f -exec sha256sum {} + | sort | sha256sum | cut -c 1-16)
if [ ! -e "$ready" ]; then
    rm -rf "$folder"
    case $client in
    pyln) install_python "$folder" 9 13 >&2 ;;
    lnbits) install_python "$folder" 10 12 >&2 ;;
    js) install_node "$folder" >&2 ;;
    esac
    touch "$ready"
fi
echo "$folder/$program"
