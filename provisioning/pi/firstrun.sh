#!/bin/sh
# Runs once, as root, from the kernel's command line (systemd.run=) of a card that make-image.sh has made: installs what lies
# beside it, takes the claim, and removes itself. What went wrong stands in wattfleet-firstrun.log on the boot partition,
# which any computer reads. The system starts in any case.
here=$(dirname "$(readlink -f "$0")")
boot=$(dirname "$here")
root="${WATTFLEET_ROOT:-}"
log="$boot/wattfleet-firstrun.log"

steps() {
  set -e
  if [ -f "$here/wifi.nmconnection" ]; then
    install -D -m 0600 "$here/wifi.nmconnection" "$root/etc/NetworkManager/system-connections/wattfleet.nmconnection"
    if [ -s "$here/wifi.country" ] && command -v raspi-config >/dev/null; then
      raspi-config nonint do_wifi_country "$(cat "$here/wifi.country")"
    fi
    if command -v rfkill >/dev/null; then rfkill unblock wifi || true; fi
  fi
  dpkg --install --force-confold "$here"/wattfleet-agent_*.deb
  WATTFLEET_TIME_WAIT_S=0 WATTFLEET_BOOT="$boot" /usr/lib/wattfleet/firstboot
}

# not 'if (steps)': there the shell ignores set -e
(steps) >"$log" 2>&1
result=$?
sed -i 's| systemd\.[a-z_]*=[^ ]*||g' "$boot/cmdline.txt"
if [ "$result" -eq 0 ]; then
  rm -rf "$here" "$log"
else
  echo "wattfleet: the first run failed ($result)" >>"$log"
fi
sync
exit 0
