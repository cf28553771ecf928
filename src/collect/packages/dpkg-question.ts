import { sh } from '../sh.ts';

/** Uses AWK, NEWER and newest of question.ts. */
export const dpkgQuestion = sh`
D=$R/var/lib/dpkg
if [ -f "$D/status" ] && plain "$D/status"; then
  printf 'dpkg-status '
  if [ "$AWK" ]; then
    awk '/^$/{print;k=0;next} /^[^ ]/{k=0} /^Conffiles:/{k=1} k||/^(Package|Status|Version|Architecture):/{print}' "$D/status"
  else cat "$D/status"; fi 2>/dev/null | tr -d '\000'
  printf '\0'
  E=$R/var/lib/apt/extended_states
  if ! plain "$E"; then :
  elif [ "$AWK" ]; then
    printf 'apt-auto '
    awk '/^Package:/{p=$2;a=""} /^Architecture:/{a=$2} /^Auto-Installed: 1/{print p, a}' "$E" 2>/dev/null | tr -d '\000'
    printf '\0'
  else text apt-states "$E"
  fi
  text dpkg-diversions "$D/diversions"
  [ -s "$D/statoverride" ] && text dpkg-statoverride "$D/statoverride"
  [ -s "$D/arch" ] && text dpkg-arch "$D/arch"
  L() { find "$D/info" -maxdepth 1 -name '*.list' $NEWER -print0 2>/dev/null; }
  rec "dpkg-info $D/info/"
  newest "$D/info" -maxdepth 1 -name '*.list'
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
      # each SUFFIX: the files of that kind of the newer packages, one behind the other
      each() { L | S=$1 xargs -0 -r sh -c 'for l; do [ -f "\${l%list}$S" ] && cat "\${l%list}$S"; done' sh 2>/dev/null; }
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
