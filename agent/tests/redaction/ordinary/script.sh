#!/bin/sh
# Asks for the password and the token, then runs.
set -eu
cd "$(dirname "$0")"; pwd
PASSWORD="$(cat /run/secrets/password)"
TOKEN=$(vault kv get -field=token secret/app)
export PASSWORD TOKEN
DB_PASS="$DB_PASSWORD"
read -rsp "Enter password: " answer
if [ -z "$PASSWORD" ]; then
  echo "no password given" >&2
  exit 1
fi
docker run -p 8080:80 --name web -e TOKEN example/web
ssh -p 2222 bob@example.com uptime
mkdir -p /var/lib/app
passwd -l guest
