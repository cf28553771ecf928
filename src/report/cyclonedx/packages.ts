import { display, unescapeName } from '../../core/bytes.ts';
import type { PackageList } from '../../core/report.ts';

/** One installed package in one version. Names and versions as bytes (latin1). */
interface Installed {
  name: string;
  version: string;
  arch?: string;
  epoch?: string;
  marks?: string;
  path?: string;
}

/** A kind of package: how its fact is read, and its type of package URL where there is one. */
interface Manager {
  /** Type of purl (github.com/package-url/purl-spec). */
  type?: string;
  /** Is the distribution the namespace? */
  ofDistribution?: boolean;
  read(name: string, value: string): Installed[];
}

const plain = (name: string, value: string): Installed[] => [{ name, version: value }];

/** `VERSION (hold, auto)`, as dpkg's and pacman's facts are. */
function marked(name: string, value: string): Installed[] {
  const [, version = value, marks] = /^(\S*) \(([^()]*)\)$/.exec(value) ?? [];
  return [{ name, version, ...(marks ? { marks } : {}) }];
}

function deb(name: string, value: string): Installed[] {
  const [, bare = name, arch] = /^(.*):([a-z0-9-]+)$/.exec(name) ?? [];
  return marked(bare, value).map((one) => ({ ...one, ...(arch ? { arch } : {}) }));
}

const rpmArch = /\.(noarch|x86_64|i[3-6]86|aarch64|armv7hl|ppc64le|s390x|riscv64|src)$/;

/** Several versions of one name are one fact; where there are several architectures they are behind the version. */
function rpm(name: string, value: string): Installed[] {
  const list = value.split(',');
  return list.map((told) => {
    const arch = list.length > 1 ? rpmArch.exec(told)?.[1] : undefined;
    const version = arch ? told.slice(0, -arch.length - 1) : told;
    const [, epoch, rest = version] = /^(\d+):(.*)$/.exec(version) ?? [];
    return { name, version: rest, ...(arch ? { arch } : {}), ...(epoch ? { epoch } : {}) };
  });
}

/** `VERSION PATH` each, joined by tabs. */
function language(name: string, value: string): Installed[] {
  return value.split('\t').map((told) => {
    const space = told.indexOf(' ');
    return space < 0 ? { name, version: told } : { name, version: told.slice(0, space), path: told.slice(space + 1) };
  });
}

/** What is no line here is no package but a setting of a package manager. */
const managers: Readonly<Record<string, Manager>> = {
  dpkg: { type: 'deb', ofDistribution: true, read: deb },
  rpm: { type: 'rpm', ofDistribution: true, read: rpm },
  apk: { type: 'apk', ofDistribution: true, read: plain },
  pacman: { type: 'alpm', ofDistribution: true, read: marked },
  pip: { type: 'pypi', read: language },
  npm: { type: 'npm', read: language },
  gem: { type: 'gem', read: language },
  // No purl type is registered for these.
  snap: { read: (name, value) => [{ name, version: value.split(',')[0] ?? value }] },
  flatpak: { read: (name, value) => value.split(',').map((version) => ({ name, version })) },
};

/** Components of a list of packages; `ref` begins their references. */
export function componentsOf(ref: string, { os, facts }: PackageList): object[] {
  const components: object[] = [];
  for (const [key, value] of facts) {
    const raw = unescapeName(key);
    const space = raw.indexOf(' ');
    const word = raw.slice(0, Math.max(0, space));
    const manager = Object.hasOwn(managers, word) ? managers[word] : undefined;
    if (!manager || space + 1 >= raw.length) continue;
    for (const one of manager.read(raw.slice(space + 1), unescapeName(value)))
      components.push(componentOf(`${ref}/${components.length}`, word, manager, one, os));
  }
  return components;
}

const text = (raw: string) => display(raw.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')).text;

function componentOf(ref: string, word: string, manager: Manager, one: Installed, os: PackageList['os']): object {
  const purl = manager.type ? purlOf(manager.type, manager.ofDistribution ? os : undefined, one) : undefined;
  const { marks, path } = one;
  const properties = Object.entries({ manager: word, marks, path }).flatMap(([name, value]) =>
    value ? [{ name: `snowfence:${name}`, value: text(value) }] : [],
  );
  return {
    type: 'library',
    'bom-ref': ref,
    name: text(one.name),
    version: text(one.version),
    ...(purl ? { purl } : {}),
    properties,
  };
}

/** A package URL: each part percent-encoded byte for byte. */
function purlOf(type: string, os: PackageList['os'] | undefined, { name, version, arch, epoch }: Installed): string {
  const scoped = type === 'npm' ? /^(@[^/]+)\/(.+)$/.exec(name) : null;
  const bytes = (of: string) => Buffer.from(of, 'utf8').toString('latin1');
  const namespace = scoped?.[1] ?? bytes(os?.id ?? '');
  const parts = ['pkg:', type, '/', namespace ? `${encoded(namespace)}/` : '', encoded(scoped?.[2] ?? name)];
  const distro = os?.id && os.version ? bytes(`${os.id}-${os.version}`) : '';
  const qualifiers = Object.entries({ arch, distro, epoch }).flatMap(([key, value]) =>
    value ? [`${key}=${encoded(value)}`] : [],
  );
  return [...parts, '@', encoded(version), qualifiers.length > 0 ? `?${qualifiers.join('&')}` : ''].join('');
}

function encoded(raw: string): string {
  return raw.replace(/[^A-Za-z0-9._~-]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
