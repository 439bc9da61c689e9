#!/bin/sh
# Makes of a Raspberry Pi OS image one that enrols itself on first boot. Writes into its boot partition only, with mtools:
# no root, no loop device, and the same files may be copied onto a card's boot partition by hand, on any computer.
set -eu

usage() {
  cat >&2 <<'TEXT'
usage: make-image.sh <raspios.img> --out <new.img> --package <wattfleet-agent_*_arm64.deb> [options]

  --claims <folder>         claims of many gateways, <serial>.claim.json: each picks its own and deletes the others
  --claim <file>            the claim of the one gateway that this card is for, JSON or the line of a label
                            (neither: put one on the card later, with wattfleet-fleet write-boot)
  --agent <agent.json>      the agent's configuration: where meter and inverter are
  --wifi <ssid>             a wireless network, its password from --wifi-password-file <file>, --wifi-country <DE>

Exit codes: 0 done, 1 a fault, 2 a wrong command line or image.
TEXT
  exit 2
}
fail() {
  echo "make-image.sh: $2" >&2
  exit "$1"
}

here=$(dirname "$(readlink -f "$0")")
image='' out='' package='' claims='' claim='' agent='' ssid='' password_file='' country=''
while [ $# -gt 0 ]; do
  case "$1" in
    --out | --package | --claims | --claim | --agent | --wifi | --wifi-password-file | --wifi-country)
      [ $# -ge 2 ] || usage
      case "$1" in
        --out) out=$2 ;; --package) package=$2 ;; --claims) claims=$2 ;; --claim) claim=$2 ;; --agent) agent=$2 ;;
        --wifi) ssid=$2 ;; --wifi-password-file) password_file=$2 ;; --wifi-country) country=$2 ;;
      esac
      shift 2 ;;
    -*) usage ;;
    *)
      [ -z "$image" ] || usage
      image=$1
      shift ;;
  esac
done
[ -n "$image" ] && [ -n "$out" ] && [ -n "$package" ] || usage
[ -z "$claims" ] || [ -z "$claim" ] || fail 2 'expected --claims or --claim, not both'
command -v mcopy >/dev/null || fail 1 'mcopy is missing: install mtools'
for file in "$image" "$package" ${claim:+"$claim"} ${agent:+"$agent"} ${password_file:+"$password_file"}; do
  [ -f "$file" ] || fail 2 "$file: there is no such file"
done
# a Raspberry Pi knows its own serial; with another one it would be taken for a thief of its own claim
serial=$([ -z "$agent" ] || sed -n 's/.*"serial"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' "$agent")
if [ -n "$serial" ] && [ ! -f "${claims:-/nowhere}/$serial.claim.json" ] && [ "$(basename "${claim:-none}")" != "$serial.claim.json" ]; then
  fail 2 "$agent: names the serial $serial, for which there is no claim here: leave it out, a Raspberry Pi knows its own"
fi
[ -z "$agent" ] || grep -q '"claimPath": *"/var/lib/wattfleet/claim"' "$agent" ||
  fail 2 "$agent: expected \"claimPath\": \"/var/lib/wattfleet/claim\", where the first start puts it"
[ -z "$claims" ] || ls "$claims"/*.claim.json >/dev/null 2>&1 || fail 2 "$claims: there is no <serial>.claim.json"
case "$ssid" in *'
'*) fail 2 '--wifi: expected one line' ;; esac

# Master boot record: the first partition's type at 450, its first sector at 454
number() { od -An -v "-t$3" "-j$1" "-N$2" "$image" | tr -d ' '; }
[ "$(number 510 2 x1)" = 55aa ] || fail 2 "$image: has no partitions: expected a Raspberry Pi OS image, unpacked"
case "$(number 450 1 x1)" in
  0b | 0c | 0e | 06) ;;
  *) fail 2 "$image: its first partition is not FAT" ;;
esac
sector=$(number 454 4 u4)

work=$(mktemp -d)
trap 'rm -rf "$work" "$out.draft"' EXIT
# whoever has the card has the claims; whoever has the image too
(umask 077 && cp --sparse=always --reflink=auto "$image" "$out.draft")
boot="$out.draft@@$((sector * 512))"
export MTOOLS_SKIP_CHECK=1
put() { mcopy -D o -i "$boot" "$1" "::$2" || fail 1 "$2 cannot be written to the boot partition"; }

mcopy -i "$boot" ::cmdline.txt "$work/cmdline.txt" 2>/dev/null || fail 2 "$image: its first partition has no cmdline.txt"
# as the Raspberry Pi Imager starts its own: one line, whatever is there already stays
run='systemd.run=/boot/firmware/wattfleet/firstrun.sh systemd.run_success_action=reboot'
tr -d '\r\n' <"$work/cmdline.txt" | sed 's| systemd\.[a-z_]*=[^ ]*||g' >"$work/line"
printf '%s %s systemd.run_failure_action=reboot systemd.unit=kernel-command-line.target\n' "$(cat "$work/line")" "$run" >"$work/cmdline.txt"

mmd -D s -i "$boot" ::wattfleet 2>/dev/null || true
put "$package" "wattfleet/$(basename "$package")"
put "$here/firstrun.sh" wattfleet/firstrun.sh
[ -z "$agent" ] || put "$agent" wattfleet-agent.json
[ -z "$claim" ] || put "$claim" wattfleet.claim
if [ -n "$claims" ]; then
  mmd -D s -i "$boot" ::wattfleet-claims 2>/dev/null || true
  mcopy -D o -i "$boot" "$claims"/*.claim.json ::wattfleet-claims/ || fail 1 'the claims do not fit onto the boot partition'
fi
if [ -n "$ssid" ]; then
  # a keyfile of NetworkManager, which Raspberry Pi OS has since 2023
  (
    umask 077
    printf '[connection]\nid=wattfleet\ntype=wifi\n\n[wifi]\nmode=infrastructure\nssid=%s\n' "$ssid"
    if [ -n "$password_file" ]; then
      printf '\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=%s\n' "$(head -n 1 "$password_file" | tr -d '\r')"
    fi
    printf '\n[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n'
  ) >"$work/wifi"
  put "$work/wifi" wattfleet/wifi.nmconnection
  printf '%s' "$country" >"$work/country"
  put "$work/country" wattfleet/wifi.country
fi
# last: a card on which something is missing starts as it did before
put "$work/cmdline.txt" cmdline.txt
sync "$out.draft"
mv "$out.draft" "$out"
echo "$out"
