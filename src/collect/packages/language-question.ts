import { sh } from '../sh.ts';

/**
 * What tools of languages, snap and flatpak installed for everybody: the names of directories say nearly all of it. The
 * parsers (language.ts, bundles.ts) know the same places. Uses NEWER and newest of question.ts.
 */
export const languageQuestion = sh`
# near DIR...: those that are there, on no network, and (offline) below no link
near() { for d; do far "$d" || { unlinked "$d" && printf '%s\0' "$d"; }; done; }
# below SUBDIRECTORY: what near says of it in the directories for libraries of programs; no glob looks into what may hang
below() {
  for b in "$R/usr/lib" "$R/usr/lib64" "$R/usr/local/lib" "$R/usr/local/lib64" "$R/var/lib"; do
    far "$b" && continue
    case $1 in
      python) for v in "$b"/python[23]*; do near "$v/dist-packages" "$v/site-packages"; done ;;
      gem) for v in "$b"/ruby/gems/* "$b"/gems/*; do near "$v/specifications" "$v/specifications/default"; done ;;
    esac
  done
}
{
  below python
  below gem
  far "$R/usr/share" || near "$R"/usr/share/gems/specifications "$R"/usr/share/gems/specifications/default \
    "$R"/usr/share/rubygems-integration/specifications "$R"/usr/share/rubygems-integration/*/specifications
  near "$R"/usr/local/share/gems/specifications
} |
  xargs -0 -r sh -c 'find "$@" -maxdepth 1 \( -name "*.dist-info" -o -name "*.egg-info" -o -name "*.gemspec" \) ! -type l -exec printf "lang %s\0" {} +' sh 2>/dev/null
if [ "$SINCE" = 0 ]; then
  below python | tr '\000' '\n' | while IFS= read -r d; do newest "$d" -maxdepth 1 -name '*.dist-info' -type d; done
fi
RECORDS='for d; do
  [ -f "$d/RECORD" ] && [ ! -L "$d/RECORD" ] || continue
  printf "py-record %s\n" "$d"; tr -d "\000" <"$d/RECORD"; printf "\0"
done'
export NEWER RECORDS
below python | xargs -0 -r sh -c 'find "$@" -maxdepth 1 -name "*.dist-info" -type d $NEWER -exec sh -c "$RECORDS" sh {} +' sh 2>/dev/null
for d in "$R"/usr/lib/node_modules "$R"/usr/lib64/node_modules "$R"/usr/local/lib/node_modules; do
  far "$d" || ! unlinked "$d" && continue
  for f in "$d"/*/package.json "$d"/@*/*/package.json; do
    [ -f "$f" ] && [ ! -L "$f" ] && unlinked "\${f%/*}" && [ ! -L "\${f%/*}" ] || continue
    p=\${f%/*/package.json}
    [ "$p" = "$d" ] || [ ! -L "$p" ] || continue
    printf 'npm %s\n' "$f"
    grep -aoE -m 1 '"version"[[:space:]]*:[[:space:]]*"[^"]*"' "$f" 2>/dev/null | tr -d '\000'
    printf '\0'
  done
done
if unlinked "$R/var/lib/snapd" || unlinked "$R/var/lib/flatpak"; then
  far "$R/var/lib/snapd" || for f in "$R"/var/lib/snapd/snaps/*.snap; do
    [ -f "$f" ] && [ ! -L "$f" ] && rec "snap-file \${f#"$R"}"
  done
  for l in "$R"/snap/*/current "$R"/var/lib/snapd/snap/*/current \
    "$R"/var/lib/flatpak/app/*/*/*/active "$R"/var/lib/flatpak/runtime/*/*/*/active; do
    far "$l" || ! [ -L "$l" ] || ! unlinked "\${l%/*}" || rec "bundle \${l#"$R"}$NL$(readlink "$l")"
  done
fi
`;
