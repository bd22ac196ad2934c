# SPDX-License-Identifier: MIT
# Sourced: apt-get over a newer Debian suite than the machine's, into a folder, touching nothing of the system.
#
#     suite_apt SUITE COMMAND…     e.g. suite_apt trixie source --download-only micropython
#
# The mirror is the machine's own. Installed Debian keys sign every suite, so apt's index is the check.

debian_mirror() {
    local mirror
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        awk '$1 == "URIs:" || $1 == "deb" { for (i = 2; i <= NF; i++) { sub("/*$", "", $i); if ($i ~ "/debian$") print $i } }' |
        sed -n 1p) || true
    [ -n "$mirror" ] || fail "no Debian mirror among this machine's apt sources"
    echo "$mirror"
}

suite_apt() {
    local suite=$1 lists=$BUILD/apt/$1 options
    shift
    mkdir -p "$lists/partial"
    if [ ! -e "$lists/updated" ]; then
        local from="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $suite main"
        printf 'deb %s\ndeb-src %s\n' "$from" "$from" >"$lists.list"
    fi
    options=(-qq -o "Dir::Etc::SourceList=$lists.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$lists" -o "Dir::Cache=$BUILD/apt/cache" -o APT::Sandbox::User=root
        -o Acquire::Languages=none -o Acquire::Retries=4 -o Acquire::http::Timeout=180)
    mkdir -p "$BUILD/apt/cache/archives/partial"
    if [ ! -e "$lists/updated" ]; then
        retry apt-get "${options[@]}" update && touch "$lists/updated" || return 1
    fi
    # A moving suite makes old lists name files that are gone: the next attempt starts from new ones.
    retry apt-get "${options[@]}" "$@" || { rm -f "$lists/updated"; return 1; }
}
