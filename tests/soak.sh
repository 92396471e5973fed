#!/usr/bin/env bash
# soak.sh BUILD - the tests that find more the longer they run, with bounds that take minutes.
#
# MODEL_DEPTH: events around a held step, in every order.
set -eu
build=$1
export TEST_TIMEOUT=${TEST_TIMEOUT:-3600}
exec tests/run.sh model_holds "$build/tests/model/model_holds" "${MODEL_DEPTH:-20}"
