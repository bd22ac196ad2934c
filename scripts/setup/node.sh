#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Node.js >= 22 as build/node/bin/node, and in build/node what the tests have of MCP's other half: the conformance suite,
# the Inspector, and the TypeScript clients, the one that is and the one that comes.
source "$(dirname "$0")/steps.sh"

NODE=node@22.23.3
PACKAGES=(
    @modelcontextprotocol/inspector@2.12.0
    @modelcontextprotocol/conformance@0.2.0-alpha.12
    @modelcontextprotocol/client@2.4.0
    @modelcontextprotocol/sdk@1.32.2
)
folder=$BUILD/node

major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }
packages=("${PACKAGES[@]}")
machine=$(command -v node || true)
[ -n "$machine" ] && [ "$(major "$machine")" -ge 22 ] || packages+=("$NODE")

if stamp "$folder/installed" "${packages[*]}"; then
    say "Node.js: $("$folder/bin/node" --version) and ${#PACKAGES[@]} packages of MCP are there"
    exit 0
fi
command -v npm >/dev/null || fail "npm is missing: on Debian, apt-get install npm"
say "Node.js: installing ${packages[*]}"
mkdir -p "$folder/bin"
[ -e "$folder/package.json" ] || echo '{ "private": true }' >"$folder/package.json"
retry npm install --prefix "$folder" --no-audit --no-fund --save-exact --fetch-timeout=180000 --fetch-retries=4 "${packages[@]}" \
    >"$BUILD/npm.log" 2>&1 ||
    fail "npm could not install ${packages[*]} (the last lines of build/npm.log say why). Retry: make setup"
bundled=$folder/node_modules/node/bin/node
ln -sf "$([ -x "$bundled" ] && echo ../node_modules/node/bin/node || echo "$machine")" "$folder/bin/node"
echo "${packages[*]}" >"$folder/installed"
say "Node.js: $("$folder/bin/node" --version) installed"
