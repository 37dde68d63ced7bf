#!/bin/bash
# Fills the lab's cloud with projects, networks and servers; ends with 0 when all servers are active.
. "$(dirname "$0")/lib.sh"
/usr/bin/python3 $HERE/seed.py $CTL $PW
