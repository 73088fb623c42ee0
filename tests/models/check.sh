#!/bin/sh
# Checks the model of Raft's rules with Spin: the rules hold within each bound, and each planted bug is found.
# Usage: tests/models/check.sh [long]. Ends with 0 when all is as it should be, 77 when a tool is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
for tool in spin cc; do
    if ! command -v "$tool" > /dev/null; then
        echo "skipped: $tool is not installed (Debian: apt-get install spin gcc)"
        exit 77
    fi
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# check EXPECTED OPTION...
check() {
    expected=$1
    shift
    spin "$@" -a "$here/raft.pml" > spin.log
    cc -O2 -w -DSAFETY -DMEMLIM=8000 -o pan pan.c
    ./pan -E -m1000000 > pan.log
    if grep -q 'max search depth too small' pan.log; then
        echo "FAILED: $*: the search was cut off"
        exit 1
    fi

    if grep -q 'errors: 0' pan.log; then
        found=holds
    elif grep -q 'assertion violated' pan.log; then
        found=broken
    else
        found=unclear
    fi

    if [ "$found" = holds ] && grep -q 'Search not completed' pan.log; then
        found=unfinished
    fi

    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
    echo "$found: $* ($states states)"
    if [ "$found" != "$expected" ]; then
        echo "FAILED: expected: $expected"
        cat pan.log
        exit 1
    fi
}

check holds -DTERMS=1 -DENTRIES=2 -DCRASHES=1
check holds -DTERMS=2 -DENTRIES=1 -DCRASHES=0
check holds -DTERMS=4 -DENTRIES=1 -DCRASHES=0 -DFIGURE8_START
check broken -DTERMS=1 -DENTRIES=1 -DCRASHES=1 -DFORGOTTEN_VOTE
check broken -DTERMS=1 -DENTRIES=1 -DCRASHES=1 -DEARLY_VOTE
check broken -DTERMS=2 -DENTRIES=1 -DCRASHES=0 -DANY_LOG
check broken -DTERMS=4 -DENTRIES=1 -DCRASHES=0 -DFIGURE8_START -DOLD_TERM_COMMIT
if [ "${1:-}" = long ]; then
    check holds -DTERMS=2 -DENTRIES=1 -DCRASHES=1
    check holds -DTERMS=2 -DENTRIES=2 -DCRASHES=0
fi

echo "the model holds within its bounds, and every planted bug was found"
