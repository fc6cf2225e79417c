#!/bin/sh
# Installs what Kubound is built with and this machine lacks: a C linker and the Z3 library.
# Rust is not installed, only asked for. Does nothing where everything is there.
set -eu

say() { printf '%s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        say "this needs root: $*"
        exit 1
    fi
}

# Whether a program can be linked against Z3.
has_z3() {
    has cc || return 1
    flags=-lz3
    if has pkg-config && pkg-config --exists z3; then
        flags=$(pkg-config --libs z3)
    elif [ -n "${Z3_LIBRARY_PATH_OVERRIDE:-}" ]; then
        flags="-L$Z3_LIBRARY_PATH_OVERRIDE -lz3"
    fi
    probe=$(mktemp -d)
    # shellcheck disable=SC2086 # several flags
    if echo 'int main(void) { return 0; }' | cc -x c - -o "$probe/probe" $flags >/dev/null 2>&1; then
        rm -r "$probe"
    else
        rm -r "$probe"
        return 1
    fi
}

check_rust() {
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if ! has cargo; then
        say "cargo is missing. Install Rust $wanted or later with rustup,"
        say "or, where the distribution has it: apt-get install rustup && rustup default stable"
        exit 1
    fi
    found=$(rustc --version | cut -d ' ' -f 2)
    oldest=$(printf '%s\n%s\n' "$wanted" "$found" | sort -t . -k 1,1n -k 2,2n | head -n 1)
    if [ "$oldest" != "$wanted" ]; then
        say "Rust $found is too old: $wanted or later is needed. Run: rustup update stable"
        exit 1
    fi
}

install() {
    if has apt-get; then
        as_root apt-get update
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y libz3-dev pkg-config gcc libc6-dev
    elif has brew; then
        brew install z3
    else
        say "The Z3 library or a C compiler is missing, and this machine has neither apt-get nor brew."
        say "Install a C compiler (cc) and Z3 with its development files (libz3-dev, z3-devel or z3),"
        say "so that 'pkg-config --exists z3' or 'cc … -lz3' succeeds, and run this again."
        say "Where Z3 is in a place of its own, set Z3_LIBRARY_PATH_OVERRIDE to the directory of libz3."
        exit 1
    fi
}

check_rust
has_z3 || install
has_z3 || { say "Z3 was installed, but linking against it does not work."; exit 1; }
