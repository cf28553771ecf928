import { sh } from '../sh.ts';
import { dpkgQuestion } from './dpkg-question.ts';
import { languageQuestion } from './language-question.ts';

/** What the parts below use: which files are newer than the image, in words of find, and when the newest of some was made. */
const words = sh`
NEWER="-newermt @$SINCE"
if [ "$SINCE" = 0 ]; then NEWER=
elif [ $FIND != printf ]; then
  # minutes, and a little more of them: too many are known rather than too few
  NEWER=$((($(date +%s) - SINCE) / 60 + 2))
  [ "$NEWER" -gt 0 ] || NEWER=1
  NEWER="-mmin -$NEWER"
fi
# newest FIND-ARGUMENTS: a record of the newest time, for the manifest of an image
newest() {
  [ "$SINCE" = 0 ] || return 0
  if [ $FIND = printf ]; then find "$@" -printf '%T@\n'; else find "$@" -exec stat -c %Y {} + | awk '{print $1 + 1}'; fi 2>/dev/null |
    sort -n | tail -n 1 | { read -r t && rec "newest $t"; }
}
`;

const rpmQuestion = sh`
# rpm_on DIRECTORY ARGUMENTS: asks the database there. A rpm that knows only other formats than ndb would make an empty
# one beside it and answer from that: told the format, it makes nothing and knows nothing.
rpm_on() {
  if [ -e "$1/Packages.db" ] && [ ! -e "$1/rpmdb.sqlite" ]; then rpm --define '_db_backend ndb' --dbpath "$@"
  else rpm --dbpath "$@"
  fi 2>/dev/null
}
# rpm_full DIRECTORY: is the database there too large to be a new and empty one? Those have 4 KiB (ndb) and 12 to 32 KiB (bdb).
rpm_full() {
  [ ! -e "$1/rpmdb.sqlite" ] || return 1
  for f in Packages.db:4096 Packages:32768; do
    [ -f "$1/\${f%:*}" ] && [ "$(wc -c <"$1/\${f%:*}")" -gt "\${f#*:}" ] && return 0
  done
  return 1
}
for d in var/lib/rpm usr/lib/sysimage/rpm usr/share/rpm; do
  [ -d "$R/$d" ] && [ ! -L "$R/$d" ] || continue
  ls "$R/$d" 2>/dev/null | grep -qE '^(rpmdb.sqlite|Packages|Packages.db)$' || continue
  if rpm --version 2>/dev/null | grep -qi '^rpm version'; then
    if Q=$(rpm_on "$R/$d" -qa --qf '%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\t%{INSTALLTIME}\n') && { [ "$Q" ] || ! rpm_full "$R/$d"; }; then
      printf 'rpm %s\n' "$Q" | tr -d '\000'
      # of a key, whose it is; without rpm's index of names only by a look at all
      K='%{NAME}\t%{VERSION}-%{RELEASE}\t\t\t%{SUMMARY}\n'
      case $Q in *gpg-pubkey*) { rpm_on "$R/$d" -q --qf "$K" gpg-pubkey || rpm_on "$R/$d" -qa --qf "$K" gpg-pubkey; } | tr -d '\000' ;; esac
      printf '\0'
      # rpm takes a second to list all files: only where a package is newer than the image
      if [ -z "$AWK" ] || printf '%s\n' "$Q" | awk -F '\t' -v s="$SINCE" '$4 + 0 > s + 0 {n = 1} END {exit !n}'; then
        printf 'rpm-files '
        rpm_on "$R/$d" -qa --qf '[%{=INSTALLTIME}\t%{=NAME}\t%{FILEFLAGS}\t%{FILEDIGESTS}\t%{FILEMODES:octal}\t%{FILEUSERNAME}\t%{FILEGROUPNAME}\t%{FILECAPS}\t%{FILELINKTOS}\t%{FILENAMES}\n]' |
          if [ "$AWK" ]; then awk -F '\t' -v s="$SINCE" '$1+0>s+0'; else cat; fi | tr -d '\000'
        printf '\0'
      fi
    else rec "rpm-failed $d"
    fi
    Q=
  else rec "no-tool rpm $d"
  fi
done
`;

const apkQuestion = sh`
for f in lib/apk/db/installed usr/lib/apk/db/installed; do
  plain "$R/$f" || continue
  if closed "$R/$f"; then rec 'unread apk'; fi
  text apk-world "$R/etc/apk/world"
  # nothing was installed since the image was made: names and versions are all there is to say
  A='^([PV]:|$)'
  [ "$(find "$R/$f" $NEWER 2>/dev/null)" ] && A='^([PVFRZMa]:|$)'
  printf 'apk '; grep -aE "$A" "$R/$f" 2>/dev/null | tr -d '\000'; printf '\0'
  newest "$R/$f"
  if [ "$SINCE" -gt 0 ] && [ "$A" != '^([PV]:|$)' ]; then
    if [ "$AWK" ] && have sha1sum; then
      printf 'apk-altered '
      awk 'BEGIN {
          c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
          for (i = 0; i < 64; i++) v[substr(c, i + 1, 1)] = i
        }
        /^F:/ { d = substr($0, 3); if (d != "") d = d "/"; f = "" }
        /^R:/ { f = d substr($0, 3) }
        /^Z:Q1/ && f != "" {
          # two characters are three digits; powers and shifts are not in every awk
          x = ""; h = "0123456789abcdef"
          for (i = 5; i < 32; i += 2) {
            w = v[substr($0, i, 1)] * 64 + v[substr($0, i + 1, 1)]
            x = x substr(h, int(w / 256) + 1, 1) substr(h, int(w / 16) % 16 + 1, 1) substr(h, w % 16 + 1, 1)
          }
          print substr(x, 1, 40) "  " f; f = ""
        }' "$R/$f" 2>/dev/null | while IFS= read -r l; do
          p=$R/\${l#*  }
          # the sum of a link is that of its target's name
          [ -f "$p" ] && [ ! -L "$p" ] && printf '%s\n' "$l"
        done | (cd "$R/" && sha1sum -c 2>/dev/null) | sed -n 's/: FAILED.*$//p' | tr -d '\000'
      printf '\0'
    else rec "no-tool sha1sum apk"
    fi
  fi
  break
done
`;

const pacmanQuestion = sh`
P=$R/var/lib/pacman/local
if unlinked "$P"; then
  (cd "$P" && find . -maxdepth 1 -type d -name '*-*-*' -exec printf 'pacman %s\0' {} + 2>/dev/null)
  printf 'pacman-auto '
  (cd "$P" && find . -mindepth 2 -maxdepth 2 -name desc -type f -exec grep -alx '%REASON%' {} + 2>/dev/null) | tr -d '\000'
  printf '\0'
  (cd "$P" && newest . -mindepth 2 -maxdepth 2 -name desc -type f)
  GZ=; [ "$SINCE" -gt 0 ] && GZ=gzip
  export GZ
  (cd "$P" && find . -mindepth 2 -maxdepth 2 -name desc -type f $NEWER -print0 2>/dev/null | xargs -0 -r sh -c 'for f; do
    d=\${f%/desc}
    [ -L "$d/files" ] || { printf "pacman-files %s\n" "$d"; tr -d "\000" <"$d/files"; printf "\0"; }
    [ -z "$GZ" ] || [ -L "$d/mtree" ] && continue
    command -v gzip >/dev/null || { printf "no-tool gzip pacman\0"; continue; }
    printf "pacman-mtree %s\n" "$d"; gzip -dc <"$d/mtree" | head -c 30000000 | tr -d "\000"; printf "\0"
  done' sh 2>/dev/null)
fi
`;

/**
 * The package databases themselves, not what a tool on the instance says of them. For packages installed since the
 * image was made, also which files they own and whether these are what the package installed: so that an upgrade in
 * place can explain its files, and cannot explain others.
 */
export const question = [words, dpkgQuestion, rpmQuestion, apkQuestion, pacmanQuestion, languageQuestion].join('');
