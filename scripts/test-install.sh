#!/usr/bin/env bash
# Installs into a directory of its own and uses what is there: programs, manual pages, completions, the systemd unit.
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

fail() {
    echo "test-install: $*" >&2
    exit 1
}

"${MAKE:-make}" --no-print-directory install PROFILE=debug PREFIX="$prefix" >/dev/null

for program in boltilld boltill boltill-devnet; do
    "$prefix/bin/$program" --version >/dev/null || fail "$program does not run"
done
[[ $("$prefix/bin/boltill" qr lno1qcp4 | tail -1) == lno1qcp4 ]] || fail "boltill qr draws nothing"

for page in man1/boltill.1 man1/boltill-devnet.1 man5/boltilld-config.5 man7/boltill-invoice.7 man8/boltilld.8; do
    [[ -s $prefix/share/man/$page ]] || fail "there is no $page"
done
# A container may have cut `man` down to a script that says so.
if page=$(man -M "$prefix/share/man" boltill-invoice 2>/dev/null) && [[ $page != *"has been minimized"* ]]; then
    [[ $page == *amount_msat* ]] || fail "man boltill-invoice says nothing of amount_msat"
else
    echo "NOT RUN: there is no man here" >&2
fi

offered=$(bash -c ". '$prefix/share/bash-completion/completions/boltill'; COMP_WORDS=(boltill waiti); COMP_CWORD=1; _boltill; echo \"\${COMPREPLY[*]}\"")
[[ $offered == waitinvoice ]] || fail "bash completes waiti to '$offered'"
[[ -s $prefix/share/zsh/site-functions/_boltill ]] || fail "there are no completions for zsh"
[[ -s $prefix/share/fish/vendor_completions.d/boltill.fish ]] || fail "there are no completions for fish"

unit=$prefix/lib/systemd/system/boltilld.service
if command -v systemd-analyze >/dev/null; then
    # It says nothing of a unit that is right; `man:` pages it looks for in the system's own folders.
    complaints=$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F boltilld.service || true)
    [[ -z $complaints ]] || fail "$complaints"
else
    grep -q "^ExecStart=$prefix/bin/boltilld " "$unit" || fail "the unit starts something else"
    echo "NOT RUN: there is no systemd-analyze here" >&2
fi
echo "installed programs, pages, completions and the unit work"
