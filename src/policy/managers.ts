/** Managers of the system's own packages: there is one on a system, so its packages need no further name. */
const system: ReadonlySet<string> = new Set(['dpkg', 'rpm', 'apk', 'pacman']);
/** Managers beside it, whose names are another's too: `pip requests`, `npm requests`. */
const beside: ReadonlySet<string> = new Set(['pip', 'npm', 'gem', 'snap', 'flatpak']);

/** A key of the packages stream taken apart: `dpkg openssl:amd64`, `pip requests`. */
export interface PackageKey {
  manager: string;
  /** As the manager says it. */
  name: string;
  /** How findings name it: the name, with its manager where that is not the system's. */
  subject: string;
  /** The word by which ownership streams know it: `openssl`, `pip:requests`. */
  owner: string;
  /** Is it of the system's own manager? */
  own: boolean;
}

/** Undefined for what is no package but a setting of its manager, see settings.ts. */
export function packageKey(key: string): PackageKey | undefined {
  const space = key.indexOf(' ');
  const manager = key.slice(0, space);
  const name = key.slice(space + 1);
  if (system.has(manager)) {
    const owner = manager === 'dpkg' ? name.replace(/:[a-z0-9-]+$/, '') : name;
    return { manager, name, subject: name, owner, own: true };
  }
  return beside.has(manager) ? { manager, name, subject: key, owner: `${manager}:${name}`, own: false } : undefined;
}

/** What selectors of rules may say of it: `openssl` or `dpkg openssl`, but only `pip requests`. */
export function namesOfPackage({ manager, name, own }: PackageKey): string[] {
  return own ? [name, `${manager} ${name}`] : [`${manager} ${name}`];
}

/** `VERSION PATH` entries of a package of a language, see collect/packages/language.ts. */
export function placesOf(value: string | undefined): { version: string; path: string }[] {
  return (value ?? '')
    .split('\t')
    .filter(Boolean)
    .map((entry) => {
      const space = entry.indexOf(' ');
      return space < 0
        ? { version: entry, path: '' }
        : { version: entry.slice(0, space), path: entry.slice(space + 1) };
    });
}

/** Is it of a manager that says where its packages are? */
export function hasPlaces(manager: string): boolean {
  return manager === 'pip' || manager === 'npm' || manager === 'gem';
}
