#!/usr/bin/env bash
# The root CA in a hardware token (PKCS #11): the same root and the same issuing CAs as `wattfleet-fleet ca init-root` and
# `ca sign` make, with a key that never leaves the token. For the computer that is never on a network; wants OpenSSL 3,
# pkcs11-tool (opensc) and OpenSSL's PKCS #11 engine (libengine-pkcs11-openssl).
#
#   root-pkcs11.sh init <folder> <utility>        makes the key in the token, and <folder>/root.pem
#   root-pkcs11.sh sign <folder> <request.csr>    signs an issuing CA: <request>.signed.pem
#
# PKCS11_MODULE    the token's driver, such as /usr/lib/softhsm/libsofthsm2.so
# PKCS11_TOKEN     the token's label
# PKCS11_PIN_FILE  a file with the user's PIN, for its owner alone
set -euo pipefail

label=wattfleet-root
root_days=7300
issuing_days=3650

fail() { printf '%s\n' "$*" >&2; exit 2; }
usage() { sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }

[ $# -eq 3 ] || usage
command="$1" folder="$2" subject="$3"
for name in PKCS11_MODULE PKCS11_TOKEN PKCS11_PIN_FILE; do
  [ -n "${!name:-}" ] || fail "expected $name in the environment"
done
for program in openssl pkcs11-tool; do
  command -v "$program" >/dev/null || fail "$program is missing"
done
[ "$(stat -c %a "$PKCS11_PIN_FILE")" = 600 ] || fail "$PKCS11_PIN_FILE: expected mode 600"

export PKCS11_MODULE_PATH="$PKCS11_MODULE"
umask 077
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# the engine takes a file whole: without the line end that editors put there
head -n 1 "$PKCS11_PIN_FILE" | tr -d '\r\n' > "$work/pin"
uri="pkcs11:token=$PKCS11_TOKEN;object=$label;type=private;pin-source=file:$work/pin"

token() {
  PIN="$(head -n 1 "$PKCS11_PIN_FILE")" pkcs11-tool --module "$PKCS11_MODULE" --token-label "$PKCS11_TOKEN" --login --pin env:PIN "$@"
}

# RFC 5280; one path length for the root, none for the issuing CA. Validity begins an hour early: a gateway without a battery
# clock boots in the past.
cat > "$work/ca.cnf" <<CNF
[ ca ]
default_ca = one
[ one ]
new_certs_dir = $work
database = $work/index
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
copy_extensions = none
email_in_dn = no
string_mask = utf8only
[ any ]
organizationName = optional
commonName = supplied
[ root ]
basicConstraints = critical, CA:TRUE, pathlen:1
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[ issuing ]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ req ]
distinguished_name = none
string_mask = utf8only
[ none ]
CNF
: > "$work/index"
stamp() { date -u -d "$1" +%Y%m%d%H%M%SZ; }

certify() { # <extensions> <days> <request> <certificate> <further arguments of openssl ca>
  openssl ca -config "$work/ca.cnf" -batch -notext -utf8 -preserveDN -engine pkcs11 -keyform engine -keyfile "$uri" \
    -extensions "$1" -startdate "$(stamp '-1 hour')" -enddate "$(stamp "+$2 days")" -in "$3" -out "$work/signed.pem" "${@:5}" \
    2> "$work/log" || { cat "$work/log" >&2; exit 1; }
  mv "$work/signed.pem" "$4"
  chmod 644 "$4"
  openssl x509 -in "$4" -noout -subject -enddate -fingerprint -sha256
}

case "$command" in
  init)
    [ ! -e "$folder/root.pem" ] || fail "$folder: there is a root already; a new one has a folder of its own"
    mkdir -p "$folder"
    token --keypairgen --key-type EC:prime256v1 --label "$label" --id 01 --usage-sign >/dev/null
    key="$(token --read-object --type pubkey --label "$label" 2>/dev/null | sha256sum | cut -c 1-8)"
    openssl req -new -config "$work/ca.cnf" -utf8 -engine pkcs11 -keyform engine -key "$uri" \
      -subj "/O=$subject/CN=$subject root $key" -out "$work/root.csr" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
    certify root "$root_days" "$work/root.csr" "$folder/root.pem" -selfsign
    ;;
  sign)
    [ -e "$folder/root.pem" ] || fail "$folder/root.pem: is missing"
    to="${subject%.csr}.signed.pem"
    [ ! -e "$to" ] || fail "$to: is there already"
    openssl req -in "$subject" -verify -noout 2>/dev/null || fail "$subject: is not signed by its own key"
    # to be held against what `ca request` printed on the other computer
    printf 'key %s\n' "$(openssl req -in "$subject" -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -c 1-64)"
    certify issuing "$issuing_days" "$subject" "$to" -cert "$folder/root.pem"
    ;;
  *) usage ;;
esac
