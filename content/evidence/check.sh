#!/bin/bash
# Checks exported evidence with coreutils and openssl, without Kizuki.   bash check.sh
#   1. every file is the one SHA256SUMS names   2. key.pem has signed the checkpoint
#   3. each record stands at its place in the tree the checkpoint speaks of (RFC 9162)
set -euo pipefail
cd "$(dirname "$0")"
fail() { echo "DOES NOT HOLD / 成り立ちません: $1"; exit 1; }
hash() { sha256sum | cut -d' ' -f1; }                           # of standard input, in hex
bytes() { printf %s "$1" | tr a-f A-F | basenc -d --base16; }   # of hex
node() { { printf '\001'; bytes "$1"; bytes "$2"; } | hash; }   # of the tree, over two others
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT

sha256sum -c --quiet SHA256SUMS || fail "a file was changed"

# A checkpoint: the text that is signed, an empty line, "— NAME base64(4 bytes of key id, 64 of signature)"
head -n -2 checkpoint > "$t/text"
tail -n 1 checkpoint | cut -d' ' -f3 | base64 -d | tail -c +5 > "$t/signature"
openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in "$t/text" -sigfile "$t/signature" > /dev/null ||
    fail "the checkpoint was not signed by key.pem"
{ read -r spool; read -r size; read -r root; read -r _; read -r sealed; } < "$t/text"
root=$(printf %s "$root" | base64 -d | basenc --base16 -w0 | tr A-F a-f)

records=0
for leaf in records/*.leaf; do
    [ -e "$leaf" ] || continue # only what was in custody
    name=${leaf%.leaf}
    # 8 bytes of number, 8 of time of arrival (ns since 1970), 5 more, the length of the metadata, 2 more, metadata, bytes
    number=$(od -An -tu8 --endian=little -N8 "$leaf" | tr -d ' ')
    ns=$(od -An -td8 --endian=little -j8 -N8 "$leaf" | tr -d ' ')
    meta=$(od -An -tu1 -j21 -N1 "$leaf" | tr -d ' ')
    [ "$name" = "records/$number" ] || fail "$leaf is record $number"
    [ "$(tail -c +$((25 + meta)) "$leaf" | hash)" = "$(hash < "$name.raw")" ] || fail "$name.raw is not what the leaf holds"
    h=$({ printf '\000'; cat "$leaf"; } | hash)
    f=$((number - 1)) s=$((size - 1))
    [ $f -ge 0 ] && [ $f -le $s ] || fail "record $number is outside of the tree"
    while read -r p; do
        [ $s -gt 0 ] || fail "the proof of record $number is too long"
        if [ $((f & 1)) = 1 ] || [ $f = $s ]; then
            h=$(node "$p" "$h")
            while [ $((f & 1)) = 0 ] && [ $f != 0 ]; do f=$((f >> 1)) s=$((s >> 1)); done
        else
            h=$(node "$h" "$p")
        fi
        f=$((f >> 1)) s=$((s >> 1))
    done < "$name.proof"
    [ $s = 0 ] && [ "$h" = "$root" ] || fail "record $number is not in the tree that was signed"
    echo "record $number, arrived $(date -u -d "@$((ns / 1000000000))" +%Y-%m-%dT%H:%M:%SZ): holds"
    records=$((records + 1))
done
echo "$records of $size records hold / 件が成り立ちます. ${sealed^}, $spool"
echo "Compare this with what the owner told you by another way / 別の経路で聞いた値と比べてください:"
echo "  key.pem SHA-256 $(hash < key.pem)"
