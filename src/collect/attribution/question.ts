import { sh } from '../sh.ts';

/**
 * Logs of what was done to packages and accounts, only what is newer than the image, each log bounded. A server that nobody
 * touched has nothing newer in the logs of its packages, and there nothing is sent. All in a shell of its own, because
 * of the time zone: a directory read offline keeps its own.
 */
export const question = sh`
[ "$SINCE" -gt 0 ] && ! far "$R/var/log" && (
  if [ "$R" ]; then
    TZ=$(readlink "$R/etc/localtime" 2>/dev/null); TZ=\${TZ##*zoneinfo/}
    case $TZ in '' | *[!A-Za-z0-9_/+-]*) TZ=UTC ;; esac
    export TZ
  fi
  NEWER="-newermt @$SINCE"
  if [ $FIND != printf ]; then
    NEWER=$((($(date +%s) - SINCE) / 60 + 2))
    [ "$NEWER" -gt 0 ] || NEWER=1
    NEWER="-mmin -$NEWER"
  fi
  # local time, as logs have it, asked when there is one; where date or awk cannot, the scanner sorts out what is older
  S= Z=
  clock() {
    [ "$Z" ] && return
    Z=$(date +%z 2>/dev/null)
    [ "$AWK" ] && S=$(date -d "@$SINCE" '+%Y-%m-%d %H:%M:%S' 2>/dev/null)
  }
  fresh() {
    plain "$R$1" && [ "$(find -H "$R$1" $NEWER 2>/dev/null)" ] || return 1
    [ -r "$R$1" ] || { rec "unreadable $1"; return 1; }
    clock
    return 0
  }
  ends() { case $1 in *.gz) gzip -dc <"$R$1" | head -c 30000000 | tail -c 262144 ;; *) tail -c 262144 "$R$1" ;; esac 2>/dev/null; }
  # lines that begin with a time, and blocks that begin with a line that has one
  later() { if [ "$S" ]; then awk -v s="$S" '{ t = substr($0, 1 + (substr($0, 1, 1) == "["), 19); sub(/T/, " ", t) } t > s'; else cat; fi; }
  blocks() {
    if [ "$S" ]; then awk -v s="$S" '/^Start-Date:/ { k = (($2 " " $3) > s) } /^Running .* at / { k = (($(NF - 1) " " $NF) > s) } k'; else cat; fi
  }
  tell() {
    d=$(tr -d '\000')
    [ "$d" ] && printf 'log %s %s\n%s\0' "$1" "$Z" "$d"
  }
  lines() { fresh "$1" && ends "$1" | grep -aE "$2" | later | tell "$1"; }
  for f in /var/log/apt/history.log.1.gz /var/log/apt/history.log; do fresh $f && ends $f | blocks | tell $f; done
  # apk writes UTC
  f=/var/log/apk.log
  fresh $f && ends $f | { [ "$S" ] && S=$(date -u -d "@$SINCE" '+%Y-%m-%d %H:%M:%S'); blocks; } | tell $f
  for f in /var/log/dpkg.log.1 /var/log/dpkg.log; do lines $f '^.{19} (install|upgrade|remove|purge) '; done
  lines /var/log/unattended-upgrades/unattended-upgrades.log ' Packages that will be upgraded: .'
  lines /var/log/dnf.log ' Command: '
  lines /var/log/dnf.rpm.log ' (Install|Installed|Upgrade|Downgrade|Reinstall|Erase|Removed|Obsoleted): '
  lines /var/log/pacman.log '^[^ ]+ \[(PACMAN\] Running |ALPM\] (installed|upgraded|downgraded|reinstalled|removed) )'
  f=/var/log/yum.log
  fresh $f && ends $f | grep -aE ' (Installed|Updated|Erased): ' | tell $f
  f=/var/lib/snapd/state.json
  fresh $f && head -c 8000000 "$R$f" 2>/dev/null | sed 's/"kind":/\n"kind":/g' |
    grep -aE '^"kind":"(auto-refresh|refresh-snap|install-snap|remove-snap)"' | cut -c 1-3000 | tail -c 65536 | tell $f
  # each scan comes in and is written here: packed, because on a server that nobody touched this is all there is
  pack() { if have gzip; then gzip -c; else cat; fi | od -An -v -tx1 | tr -d ' \n'; }
  people() {
    d=$(tr -d '\000' | grep -aE ' (sudo|useradd|usermod|userdel|groupadd|groupmod|groupdel|gpasswd|passwd|chpasswd|chsh|chage|sshd|sshd-session)(\[[0-9]+\])?: ' |
      grep -aE ' sudo.*COMMAND=| sshd[^ ]* Accepted |user|group|passw|account' | grep -avE ': pam_unix\([^)]*:(session|auth)\)' |
      if [ "$S" ]; then awk -v s="$S" '{ t = substr($0, 1, 19); sub(/T/, " ", t) } t > s || substr($0, 5, 1) != "-"'; else cat; fi | tail -c 65536)
    [ "$d" ] && { printf 'packed %s %s\n' "$1" "$Z"; printf '%s\n' "$d" | pack 2>/dev/null; printf '\0'; }
  }
  written=
  for f in /var/log/auth.log.1 /var/log/auth.log /var/log/secure; do fresh $f && { written=1; ends $f | people $f; }; done
  # where nothing writes them (or has since the image was made), systemd's journal has it; of a directory it is not read: whose journal it is
  # nobody could say
  if [ ! "$R" ] && [ ! "$written" ] && have journalctl; then
    j=
    for f in /var/log/journal/*/system.journal /run/log/journal/*/system.journal; do [ -f "$f" ] && j=$f; done
    if [ "$j" ] && [ ! -r "$j" ]; then rec 'unreadable journal'; fi
    if [ -r "$j" ]; then
      clock
      set --
      for t in sudo useradd usermod userdel groupadd groupmod groupdel gpasswd passwd chpasswd chsh chage sshd sshd-session; do set -- "$@" -t $t; done
      journalctl -q --no-pager -o short-iso --since "@$SINCE" -n 5000 "$@" 2>/dev/null | people journal
    fi
  fi
)
:
`;
