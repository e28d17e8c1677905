#!/bin/sh
# Installs the browsers that the tests drive: as root on Debian or Ubuntu, whatever is missing.
#
# Anybody else is told in one line what to install. Nothing here fails a build: without a browser
# its tests are skipped, and the last line of `make test` says so.

set -u
say() { printf 'browsers: %s\n' "$*" >&2; }

# A snap cannot be driven: it sees no profile but its own. Ubuntu puts them, or scripts that fetch
# them, under the names of the real programs.
have() {
    path=$(command -v "$1" 2>/dev/null) || return 1
    case $path in /snap/*) return 1 ;; esac
    case $(head -c 2 "$path" | tr -d '\0') in
    '#!') ! head -c 4096 "$path" | grep -q /snap ;;
    esac
}

# Sets missing to the packages of the programs that are not here. Firefox's driver is a Python
# wheel, and WebKit's browser comes with its driver.
look() {
    missing=
    have chromium || have google-chrome || missing="$missing chromium"
    have chromedriver || missing="$missing chromium-driver"
    have firefox-esr || have firefox || missing="$missing firefox-esr"
    have WebKitWebDriver || missing="$missing webkit2gtk-driver"
    have Xvfb || missing="$missing xvfb"
}

# Without a network it must end soon; another apt-get may be at work for a while.
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=60 \
        -o Acquire::Retries=1 -o Acquire::http::Timeout=20 "$@" >/dev/null 2>&1 </dev/null
}

knows() { apt-cache show "$1" >/dev/null 2>&1; }

install_missing() {
    # Lists of packages were never fetched in a fresh container.
    knows xvfb || apt update
    known=
    for package in $missing; do
        if knows "$package"; then known="$known $package"; fi
    done
    [ -n "$known" ] || return
    say "installing$known (apt-get) …"
    # Words, not one argument. Twice: old lists name files that are gone.
    # shellcheck disable=SC2086
    apt install --no-install-recommends $known ||
        { apt update && apt install --no-install-recommends $known; }
}

look
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    say "missing what Debian calls$missing; until they are installed, their tests are skipped."
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    say "their tests are skipped until you run: sudo apt-get install --no-install-recommends$missing"
    exit 0
fi
install_missing
look
[ -z "$missing" ] ||
    say "could not be installed (Ubuntu has some only as snaps, which tests cannot drive):$missing"
exit 0
