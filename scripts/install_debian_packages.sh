#!/usr/bin/env bash
# Install the Debian packages that some tests and `make samples` use. Does nothing where they are
# present; without root it says what is missing and goes on: those tests are skipped then.
set -euo pipefail

# a package, and a command or a file that it brings
packages=(espeak-ng=espeak-ng flite=flite sox=sox speex=speexenc nodejs=node npm=npm chromium=chromium
    fonts-noto-cjk=/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
    pulseaudio=pulseaudio pulseaudio-utils=parec)

missing=()
for package in "${packages[@]}"; do
    brings=${package#*=}
    [ -e "$brings" ] || command -v "$brings" >/dev/null || missing+=("${package%=*}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed, tests that need them are skipped: ${missing[*]}" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
for attempt in 1 2 3; do
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; then
        exit 0
    fi
    echo "apt-get failed, attempt $attempt of 3" >&2
    sleep $((attempt * 5))
done
echo "could not install, tests that need them are skipped: ${missing[*]}" >&2
