import { sh } from '../sh.ts';

/**
 * The package databases themselves, not what a tool on the instance says of them. For packages installed since the
 * image was made, also which files they own and whether these are what the package installed: so that an upgrade in
 * place can explain its files, and cannot explain others.
 */
export const question = sh`
D=$R/var/lib/dpkg
if [ -f "$D/status" ] && plain "$D/status"; then
  printf 'dpkg-status '
  # awk only makes it shorter; one that does not work must not make a server without packages
  if [ "$(echo ok | awk '/ok/{print}' 2>/dev/null)" = ok ]; then
    awk '/^$/{print;k=0;next} /^[^ ]/{k=0} /^Conffiles:/{k=1} k||/^(Package|Status|Version|Architecture):/{print}' "$D/status"
  else cat "$D/status"; fi 2>/dev/null | tr -d '\000'
  printf '\0'
  if [ "$SINCE" -gt 0 ]; then L() { find "$D/info" -maxdepth 1 -name '*.list' -newermt "@$SINCE" -print0 2>/dev/null; }
  else L() { find "$D/info" -maxdepth 1 -name '*.list' -print0 2>/dev/null; }; fi
  rec "dpkg-info $D/info/"
  if [ $FIND = printf ] && [ "$SINCE" = 0 ]; then find "$D/info" -maxdepth 1 -name '*.list' -printf '%T@\n' 2>/dev/null | sort -n | tail -n 1 | { read -r t; rec "newest $t"; }; fi
  # an untouched server has no package newer than its image: then there is nothing to say
  if [ "$(L | head -c 1)" ]; then
    if [ "$GREPZ" ]; then
      L | xargs -0 -r grep -aHz '' 2>/dev/null
      L | sed -z 's/list$/md5sums/' | xargs -0 -r grep -aHz '' 2>/dev/null
      L | sed -z 's/list$/conffiles/' | xargs -0 -r grep -aHz '' 2>/dev/null
    else
      L | xargs -0 sh -c 'for l; do p=\${l%.list}
        for s in list md5sums conffiles; do [ -f "$p.$s" ] && { printf "%s:" "$p.$s"; tr -d "\000" <"$p.$s"; printf "\0"; }; done; done' sh
    fi
    [ "$SINCE" -gt 0 ] && ! have md5sum && rec "no-tool md5sum $D"
    if [ "$SINCE" -gt 0 ] && have md5sum; then
      printf 'dpkg-altered '
      L | sed -z 's/list$/md5sums/' | xargs -0 -r cat 2>/dev/null | (cd "$R/" && md5sum -c 2>/dev/null) | sed -n 's/: FAILED.*$//p' | tr -d '\000'
      printf '\0dpkg-conffile-md5 '
      L | sed -z 's/list$/conffiles/' | xargs -0 -r cat 2>/dev/null | sed -n "s,^/,,p" | tr '\n' '\000' | (cd "$R/" && xargs -0 -r md5sum 2>/dev/null) | tr -d '\000'
      printf '\0'
    fi
  fi
fi
for d in var/lib/rpm usr/lib/sysimage/rpm; do
  [ -d "$R/$d" ] && [ ! -L "$R/$d" ] || continue
  ls "$R/$d" 2>/dev/null | grep -qE '^(rpmdb.sqlite|Packages|Packages.db)$' || continue
  if rpm --version 2>/dev/null | grep -qi '^rpm version'; then
    printf 'rpm '
    rpm --dbpath "$R/$d" -qa --qf '%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\t%{INSTALLTIME}\n' 2>/dev/null | tr -d '\000'
    printf '\0rpm-files '
    rpm --dbpath "$R/$d" -qa --qf '[%{=INSTALLTIME}\t%{=NAME}\t%{FILEFLAGS}\t%{FILEDIGESTS}\t%{FILENAMES}\n]' 2>/dev/null | awk -F '\t' -v s="$SINCE" '$1+0>s+0' | tr -d '\000'
    printf '\0'
  else rec "no-tool rpm $d"
  fi
done
for f in lib/apk/db/installed usr/lib/apk/db/installed; do
  plain "$R/$f" || continue
  printf 'apk '; grep -aE '^([PVAFRZ]:|$)' "$R/$f" 2>/dev/null | tr -d '\000'; printf '\0'
  break
done
`;
