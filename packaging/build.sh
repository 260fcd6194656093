#!/usr/bin/env bash
# Builds the Debian package: `packaging/build.sh [FOLDER]` writes signals_VERSION_ARCHITECTURE.deb into the folder,
# target/deb unless given. Needs a Debian machine with a Rust toolchain; installs what else is missing.
#
# The binary is static (musl), so that one package fits every Debian and Ubuntu. Where the toolchain has no musl target
# and rustup cannot add one, the binary is linked to this machine's libc, and the package says that it needs it. A static
# glibc is no way out: it loads the system's shared libraries to look up names, and they must be of the very same glibc.
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:-target/deb}"
command -v cargo >/dev/null || export PATH="${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$PATH"
command -v cargo >/dev/null || { echo "error: no cargo; install a Rust toolchain, see rust-version in Cargo.toml" >&2; exit 1; }

install() {
    local sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    $sudo apt-get update -q
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

# SQLite, zstd and ring are compiled from C.
command -v cc >/dev/null || install gcc libc6-dev
architecture="$(dpkg --print-architecture)"
host="$(rustc -vV | sed -n 's/^host: //p')"
target="${host/-gnu/-musl}"
has_target() { [ -d "$(rustc --print target-libdir --target "$1")" ]; }
if has_target "$target" || { rustup target add "$target" && has_target "$target"; }; then
    command -v musl-gcc >/dev/null || install musl-tools
    export "CC_${target//-/_}=musl-gcc"
    depends=""
else
    echo "no musl target: the binary will need the libc of this machine" >&2
    target="$host"
    depends="libc6 (>= $(getconf GNU_LIBC_VERSION | cut -d' ' -f2)), libgcc-s1"
fi

cargo build --locked --release --target "$target"
built="$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')"
binary="$built/$target/release/signals"
version="$("$binary" --version | cut -d' ' -f2)"

root="$(mktemp -d)"
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
share="$root/usr/share"
documents="$share/doc/signals"
examples="$share/signals/examples"
put() { install_file 644 "$@"; }
install_file() { command install -D -m "$1" "$2" "$3"; }
written() { mkdir -p "$(dirname "$1")"; cat >"$1"; }

install_file 755 "$binary" "$root/usr/bin/signals"
"$binary" --quiet man --out "$share/man/man1"
gzip -9n "$share"/man/man1/*.1
"$binary" completions bash | written "$share/bash-completion/completions/signals"
"$binary" completions zsh | written "$share/zsh/vendor-completions/_signals"
"$binary" completions fish | written "$share/fish/vendor_completions.d/signals.fish"

put README.md "$documents/README.md"
for document in docs/*.md; do put "$document" "$documents/$document"; done
gzip -9nc CHANGELOG.md | written "$documents/changelog.gz"
{
    printf 'signals may be used under the MIT licence or version 2.0 of the Apache licence, as you choose.\n'
    printf 'The licences of the libraries that it contains are in third-party-licences.txt.gz.\n\n'
    cat LICENSE-MIT
    printf '\nThe Apache licence is in /usr/share/common-licenses/Apache-2.0.\n'
} | written "$documents/copyright"
"$binary" licences | gzip -9n | written "$documents/third-party-licences.txt.gz"

# Some systems leave /usr/share/doc out, so the examples are elsewhere.
for example in packaging/examples/*; do put "$example" "$examples/$(basename "$example")"; done
for file in fixtures/readme/*; do put "$file" "$examples/quick-start/$(basename "$file")"; done
sed -n '/^```toml signals.toml$/,/^```$/p' docs/configuration.md | sed '1d;$d' | written "$examples/signals.toml"

written "$root/DEBIAN/control" <<CONTROL
Package: signals
Version: $version
Architecture: $architecture
Maintainer: The signals developers <developers@signals.invalid>
Installed-Size: $(du -ks "$root" | cut -f1)
${depends:+Depends: $depends
}Recommends: ca-certificates
Suggests: cron, less
Section: misc
Priority: optional
Description: early warnings for customer success teams
 signals reads the usage data that you already export and says which
 customers are about to leave, and why. It compares each customer with its own
 past and with the other customers, and remembers what was done about it.
 It is one program and one SQLite file.
CONTROL

# The same commit makes the same package.
SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)}"
export SOURCE_DATE_EPOCH
chmod -R u=rwX,go=rX "$root"
mkdir -p "$folder"
package="$folder/signals_${version}_$architecture.deb"
dpkg-deb --root-owner-group --build "$root" "$package"
ls -l "$binary" "$package"
