#!/bin/bash
# host.sh HOST COMMAND...: runs a command inside a host of the lab
. "$(dirname "$0")/lib.sh"
inhost "$@"
