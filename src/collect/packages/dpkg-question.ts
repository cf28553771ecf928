import { sh } from '../sh.ts';

/** Uses AWK, NEWER and newest of question.ts. */
export const dpkgQuestion = sh`
D=$R/var/lib/dpkg
if [ -f "$D/status" ] && plain "$D/status"; then
  L() { find "$D/info" -maxdepth 1 -name '*.list' $NEWER -print0 2>/dev/null; }
  E=$R/var/lib/apt/extended_states
  plain "$E" || E=/dev/null
  # an awk that may not open one of its files says nothing at all
  if closed "$E"; then rec 'unread apt-states'; E=/dev/null; fi
  if closed "$D/status"; then rec 'unread dpkg-status'; fi
  # an untouched server has no package newer than its image: then there is nothing to say but their versions
  LATER=; [ "$(L | head -c 1)" ] && LATER=1
  if [ "$AWK" ] && [ "$SINCE" -gt 0 ] && [ -z "$LATER" ]; then
    printf 'dpkg-brief '
    awk -v OFS='\t' 'function say() {
        if (p != "") print p, a, v, (s == "install ok installed" ? "" : s), (((p " " a) in x) || (a == "all" && (p in y)) ? 1 : "-")
        p = a = v = s = ""
      }
      m == 1 && /^Package:/ { p = $2; a = "" }
      m == 1 && /^Architecture:/ { a = $2 }
      m == 1 && /^Auto-Installed: 1/ { x[p " " a]; y[p] }
      m == 1 { next }
      FNR == 1 { p = a = v = s = "" }
      /^$/ { say(); next }
      /^Package:/ { p = $2 }
      /^Status:/ { s = $2 " " $3 " " $4 }
      /^Architecture:/ { a = $2 }
      /^Version:/ { v = $2 }
      END { say() }' m=1 "$E" m=2 "$D/status" 2>/dev/null | tr -d '\000'
    printf '\0'
  else
    printf 'dpkg-status '
    if [ "$AWK" ]; then
      awk '/^$/{print;k=0;next} /^[^ ]/{k=0} /^Conffiles:/{k=1} k||/^(Package|Status|Version|Architecture):/{print}' "$D/status"
    else cat "$D/status"; fi 2>/dev/null | tr -d '\000'
    printf '\0'
    [ "$E" = /dev/null ] || text apt-states "$E"
  fi
  text dpkg-diversions "$D/diversions"
  [ -s "$D/statoverride" ] && text dpkg-statoverride "$D/statoverride"
  [ -s "$D/arch" ] && text dpkg-arch "$D/arch"
  rec "dpkg-info $D/info/"
  newest "$D/info" -maxdepth 1 -name '*.list'
  if [ "$LATER" ]; then
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
      # each SUFFIX: the files of that kind of the newer packages, one behind the other
      each() { L | xargs -0 -r sh -c 'for l; do [ -f "\${l%list}$0" ] && cat "\${l%list}$0"; done' $1 2>/dev/null; }
      printf 'dpkg-altered '
      each md5sums | (cd "$R/" && md5sum -c 2>/dev/null) | sed -n 's/: FAILED.*$//p' | tr -d '\000'
      printf '\0dpkg-conffile-md5 '
      each conffiles | sed -n "s,^/,,p" | tr '\n' '\000' | (cd "$R/" && xargs -0 -r md5sum 2>/dev/null) | tr -d '\000'
      printf '\0'
      if [ -s "$D/diversions" ]; then
        printf 'dpkg-diverted-md5 '
        while IFS= read -r a && IFS= read -r b && IFS= read -r _; do printf '%s\0%s\0' "\${a#/}" "\${b#/}"; done <"$D/diversions" |
          (cd "$R/" && xargs -0 -r md5sum 2>/dev/null) | tr -d '\000'
        printf '\0'
      fi
    fi
  fi
fi
`;
