#!/bin/sh
# Runs tests/NAME.test.sh for each NAME given, or all of them.
cd "$(dirname "$0")/.." || exit 2
if [ $# -eq 0 ]; then
    set -- $(ls tests | sed -n 's/\.test\.sh$//p')
fi
failed=0
for name in "$@"; do
    SHELF_FILE=$(mktemp) || exit 2
    export SHELF_FILE
    if sh -eu "tests/$name.test.sh"; then
        echo "ok $name"
    else
        echo "FAILED $name"
        failed=1
    fi
    rm -f "$SHELF_FILE"
done
exit $failed
