#!/bin/sh
# Called by gotestsum at its end: keeps total, failed, skipped and broken for tools/test.sh.
echo "$TESTS_TOTAL $TESTS_FAILED $TESTS_SKIPPED $TESTS_ERRORS" >>"$KARUTA_FIGURES"
