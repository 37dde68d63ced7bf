#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the passwords that compose.yml refers to, in ./secrets; those that are there stay.
set -eu
umask 077
mkdir -p secrets
cd secrets
[ -e mongo-password ] || head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >mongo-password
[ -e calipso-mongo ] || printf 'host mongo\nport 27017\nuser calipso\npwd %s\nauth_db admin\ndb calipso\n' "$(cat mongo-password)" >calipso-mongo
# Files keep their owner in the container, which reads them as user 10001; the folder is closed to others.
chmod 0444 mongo-password calipso-mongo
chmod 0700 .
