#!/usr/bin/env bash
# Installs the Debian package on a bare Debian system and follows docs/quick-start.md there, word for word:
# `packaging/try.sh [PACKAGE]` takes the newest of target/deb unless a package is given. Needs root, and Debian's
# mirror for debootstrap. TRY_SUITE names another release of Debian than bookworm, TRY_ROOT a folder to keep the system in.
set -euo pipefail
cd "$(dirname "$0")/.."
package="${1:-$(ls -t target/deb/*.deb | head -1)}"
suite="${TRY_SUITE:-bookworm}"
command -v debootstrap >/dev/null || {
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends debootstrap
}

system="${TRY_ROOT:-$(mktemp -d)}"
[ -n "${TRY_ROOT:-}" ] || trap 'rm -rf "$system"' EXIT
# Its users pass through its root.
chmod 755 "$system"
[ -x "$system/usr/bin/apt" ] || debootstrap --variant=minbase "$suite" "$system" >"${TMPDIR:-/tmp}/debootstrap.log"

inside() { chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }
step() { echo "== $*"; }

# The blocks of the page as one script for each user: `root` installs, `ana` does the rest. What a `toml FILE` block has is
# written to that file. The block for those who have the source is left out, and the line for cron is run as cron would.
blocks() {
    awk -v wanted="$1" '
        /^```/ && inside { if (kind == "toml") print "SIGNALS_EXAMPLE"; inside = 0; next }
        /^```/ {
            inside = 1; kind = $1; sub(/^```/, "", kind)
            if (kind == "toml" && wanted == "ana") print "cat > " $2 " <<\"SIGNALS_EXAMPLE\""
            next
        }
        inside && kind == "sh" && /^cargo / { kind = "source" }
        inside && kind == "sh" && /^apt / { kind = "root" }
        inside && kind == "root" && wanted == "root" { print }
        inside && wanted == "ana" && (kind == "sh" || kind == "toml") { print }
        inside && wanted == "ana" && kind == "console" && /^\$ / { print substr($0, 3) }
        inside && wanted == "cron" && kind == "crontab" { print }
    ' docs/quick-start.md | if [ "$1" = ana ]; then cat; else grep -v '^SIGNALS_EXAMPLE$'; fi
}

step "install"
mkdir -p "$system/root/try"
cp "$package" "$system/root/try/"
{ echo 'set -e; cd /root/try'; blocks root; } >"$system/root/try/install.sh"
grep -q '^apt ' "$system/root/try/install.sh"
inside apt-get update -q
sed -i 's/^apt install/apt-get install -qy/' "$system/root/try/install.sh"
inside sh /root/try/install.sh
inside signals --version

step "the quick start"
inside id -u ana >/dev/null 2>&1 || inside useradd --create-home --shell /bin/bash ana
rm -rf "$system/home/ana/try" "$system/srv/signals" "$system/srv/exports"
mkdir -p "$system/home/ana/try" "$system/srv/signals" "$system/srv/exports"
{ echo 'set -ex; cd; cd try'; blocks ana; } >"$system/home/ana/try/quick-start.sh"
[ "$(grep -c '^signals ' "$system/home/ana/try/quick-start.sh")" -ge 10 ]
inside chown -R ana: /home/ana/try /srv/signals /srv/exports
as_ana() { inside runuser -u ana -- env HOME=/home/ana LOGNAME=ana "$@"; }
as_ana bash /home/ana/try/quick-start.sh
page="$(find "$system/home/ana/try" -name dashboard.html)"
[ -s "$page" ]

step "the line for cron"
line="$(blocks cron | tail -1 | sed -E 's/^([^ ]+ +){5}//')"
as_ana sh -c 'cp /usr/share/signals/examples/quick-start/*.csv /srv/exports/'
as_ana signals --quiet --db /srv/signals/signals.db init
as_ana env SIGNALS_NOW=2026-04-01T06:00:00Z sh -c "$line"
as_ana env SIGNALS_NOW=2026-04-01T06:00:00Z signals --db /srv/signals/signals.db status --max-age 26h

step "the manual, completions and examples"
for page in signals signals-agenda signals-triage; do inside test -s "/usr/share/man/man1/$page.1.gz"; done
inside bash -c '. /usr/share/bash-completion/completions/signals; complete -p signals'
as_ana env SIGNALS_DB=/home/ana/checked.db sh -c \
    'signals import --quiet /usr/share/signals/examples/quick-start/*.csv && signals config check /usr/share/signals/examples/signals.toml'
for file in zsh/vendor-completions/_signals fish/vendor_completions.d/signals.fish doc/signals/copyright \
    doc/signals/third-party-licences.txt.gz signals/examples/signals.cron signals/examples/signals-daily.timer; do
    inside test -s "/usr/share/$file"
done

step "remove"
inside apt-get purge -qy signals >/dev/null
inside test ! -e /usr/bin/signals
echo "the package installs, the quick start works, and nothing stays behind"
