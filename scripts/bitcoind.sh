#!/usr/bin/env bash
# Prints the path of a bitcoind for the tests: BITCOIND_EXE, else the one on PATH, else Debian's bitcoin-knots, unpacked below target/.
#
# bitcoin-knots is in Debian's unstable suite only. apt fetches it with what it needs, from the archive that this machine uses and
# checked against Debian's keyring, with lists, cache and state of its own: nothing is installed, and the system's apt is left as it is.
set -euo pipefail
cd "$(dirname "$0")/.."

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    echo "no bitcoind: $1" >&2
    exit 1
}

# Debian's archive as this machine is set up to reach it; the security archive has no unstable suite.
archive() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
        grep -v -e '-security/*$' | head -n 1
}

# Fetches and unpacks into the folder $1.
unpack() {
    local folder=$1 apt="$1/apt" uri
    uri=$(archive) || fail "apt knows no archive of Debian (has apt-get update been run?)"
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    # On a system where nothing is installed, everything that is needed is fetched, the C library and its loader too.
    : >"$apt/status"
    echo "deb [signed-by=$keyring] $uri unstable main" >"$apt/sources.list"
    cat >"$apt/apt.conf" <<-END
		Dir::State "$apt/state";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt/cache";
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		Acquire::Retries "3";
		Debug::NoLocking "true";
	END
    apt-get --quiet --config-file "$apt/apt.conf" --error-on=any update
    apt-get --quiet --config-file "$apt/apt.conf" --yes --no-install-recommends --download-only install bitcoin-knots
    for package in "$apt"/cache/archives/*.deb; do
        dpkg-deb --extract "$package" "$folder/root"
    done
    rm -r "$apt"

    local loader
    loader=$(find "$folder/root" -name 'ld-linux*.so.*' | head -n 1)
    [ -n "$loader" ] || fail "the C library that was unpacked has no loader"
    cat >"$folder/bitcoind" <<-END
		#!/bin/sh
		# The system's C library may be too old: bitcoind runs with the loader and the libraries that were unpacked with it.
		root=\$(dirname "\$0")/root
		libraries=\$root/usr/lib/$(basename "$(dirname "$(find "$folder/root" -name libc.so.6 | head -n 1)")")
		exec "\$root/${loader#"$folder/root/"}" --library-path "\$libraries" "\$root/usr/bin/bitcoind" "\$@"
	END
    chmod +x "$folder/bitcoind"
    "$folder/bitcoind" -version >/dev/null || fail "what was unpacked does not run"
}

if [ -n "${BITCOIND_EXE:-}" ]; then
    [ -x "$BITCOIND_EXE" ] || fail "BITCOIND_EXE is $BITCOIND_EXE, which is not a program"
    realpath "$BITCOIND_EXE"
    exit
fi
if command -v bitcoind; then
    exit
fi

target=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")
mkdir -p "$target"
# Several tests may ask at once; the first one unpacks.
exec 9>"$target/bitcoind.lock"
flock 9
if [ ! -x "$target/bitcoind/bitcoind" ]; then
    for tool in apt-get dpkg-deb; do
        command -v "$tool" >/dev/null || fail "there is none on PATH, and no $tool to get Debian's with; name one in BITCOIND_EXE"
    done
    [ -r "$keyring" ] || fail "Debian's keyring is not at $keyring; name a bitcoind in BITCOIND_EXE"
    # Nothing half-done is ever found under the final name.
    partial="$target/bitcoind.partial"
    rm -rf "$partial"
    mkdir "$partial"
    (unpack "$partial") >&2
    mv "$partial" "$target/bitcoind"
fi
echo "$target/bitcoind/bitcoind"
