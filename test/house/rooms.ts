import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';

/** What a room under src/ may import, and why. `leaf` = only that folder of the room may. */
export interface Room {
  room: string;
  /** Other rooms. */
  rooms: readonly string[];
  /** Modules of Node: exact names; `*` = all. */
  node: readonly string[];
  /** npm packages: name -> the folder of the room (or the room itself) that may import it. */
  packages: Readonly<Record<string, string>>;
  reason: string;
}

const pure = 'pure: no input or output, no clock, no randomness; ';

/** The table of the architecture, as data. */
export const table: readonly Room[] = [
  { room: 'core', rooms: [], node: [], packages: {}, reason: 'the words that everybody uses depend on nobody' },
  {
    room: 'schema',
    rooms: ['core'],
    node: [],
    packages: { ajv: 'schema', 'ajv-formats': 'schema', 'json-schema-to-ts': 'schema' },
    reason: 'the contract with the outside, and what proves a document against it',
  },
  {
    room: 'config',
    rooms: ['core', 'schema'],
    node: ['node:fs', 'node:crypto'],
    packages: { yaml: 'config' },
    reason: 'reads and edits documents that people write',
  },
  {
    room: 'inventory',
    rooms: ['core', 'schema'],
    node: ['node:path'],
    packages: {},
    reason: 'knows who is out there, not how to reach them',
  },
  {
    room: 'transport',
    rooms: ['core'],
    node: ['*'],
    packages: {
      ssh2: 'transport/ssh',
      'node-ssh': 'transport/ssh',
      'ssh-config': 'transport/ssh',
      undici: 'transport/docker',
      '@aws-sdk/client-ssm': 'transport/ssm',
    },
    reason: 'carries bytes and knows nothing of what they mean',
  },
  {
    room: 'collect',
    rooms: ['core'],
    node: ['node:crypto', 'node:os', 'node:path', 'node:zlib'],
    packages: {},
    reason: 'questions and pure parsers of the answers; reaches nobody by itself',
  },
  {
    room: 'fingerprint',
    rooms: ['core'],
    node: ['node:crypto', 'node:path'],
    packages: {},
    reason: `${pure}canonical form`,
  },
  { room: 'drift', rooms: ['core', 'fingerprint'], node: [], packages: {}, reason: `${pure}compares, judges nothing` },
  {
    room: 'state',
    rooms: ['core', 'fingerprint'],
    node: ['node:crypto', 'node:path'],
    packages: {},
    reason: `${pure}what files of configuration mean`,
  },
  {
    room: 'policy',
    rooms: ['core', 'schema', 'fingerprint', 'state'],
    node: ['node:crypto', 'node:path'],
    packages: { picomatch: 'policy', diff: 'policy' },
    reason: `${pure}judges what drift found`,
  },
  {
    room: 'fleet',
    rooms: ['core'],
    node: ['node:crypto', 'node:zlib'],
    packages: {},
    reason: `${pure}compares instances`,
  },
  { room: 'recommend', rooms: ['core'], node: [], packages: {}, reason: `${pure}advises` },
  {
    room: 'manifest',
    rooms: ['core', 'schema', 'fingerprint'],
    node: ['node:crypto', 'node:fs', 'node:fs/promises', 'node:path', 'node:stream', 'node:zlib'],
    packages: {},
    reason: 'reads image files and seals manifests; no network, no child processes',
  },
  {
    room: 'store',
    rooms: ['core'],
    node: ['node:fs', 'node:path', 'node:zlib'],
    packages: { 'better-sqlite3': 'store/sqlite' },
    reason: 'remembers what it is given',
  },
  {
    room: 'schedule',
    rooms: ['core'],
    node: ['node:path/posix'],
    packages: { croner: 'schedule' },
    reason: 'knows when, not what: its clock, its memory and its runs come from outside',
  },
  {
    room: 'replace',
    rooms: ['core', 'schema'],
    node: [
      ...['node:child_process', 'node:crypto', 'node:fs', 'node:fs/promises', 'node:os', 'node:path'],
      ...['node:timers/promises', 'node:util'],
    ],
    packages: {
      undici: 'replace/engine',
      '@aws-sdk/client-auto-scaling': 'replace/asg',
      '@aws-sdk/client-ec2': 'replace/aws',
    },
    reason: 'plans, guards and does replacements; a driver is a leaf and knows one provider',
  },
  {
    room: 'notify',
    rooms: ['core', 'schema'],
    node: [
      ...['node:child_process', 'node:crypto', 'node:dgram', 'node:fs', 'node:fs/promises', 'node:net', 'node:os'],
      'node:tls',
    ],
    packages: { nodemailer: 'notify/email' },
    reason: 'says what changed, and carries it to others; a sink is a leaf and knows one kind of receiver',
  },
  {
    room: 'report',
    rooms: ['core'],
    node: ['node:util', 'node:crypto'],
    packages: { 'csv-stringify': 'report/csv' },
    reason: 'pure renderers; hashes of what a page may run',
  },
  {
    room: 'compliance',
    rooms: ['core'],
    node: [],
    packages: {},
    reason: 'what a report says to an auditor; pure renderers',
  },
  {
    room: 'demo',
    rooms: ['core'],
    node: ['*'],
    packages: { ssh2: 'demo' },
    reason: 'plays the outside world, so it must not share code with what it tests',
  },
  {
    room: 'tui',
    rooms: ['core'],
    node: [],
    packages: { ink: 'tui', react: 'tui', 'string-width': 'tui' },
    reason: 'draws and takes keys; decides nothing, and reaches the world only through the ports that it is given',
  },
  {
    room: 'app',
    rooms: [
      ...['core', 'schema', 'config', 'inventory', 'transport', 'collect', 'fingerprint', 'drift', 'policy', 'fleet'],
      ...['recommend', 'manifest', 'store', 'report', 'replace', 'schedule', 'notify'],
    ],
    node: ['*'],
    packages: {},
    reason: 'the pipeline and composition root: knows everybody but who calls it',
  },
  {
    room: 'cli',
    rooms: [
      ...['app', 'config', 'core', 'schema', 'inventory', 'report', 'compliance', 'store', 'manifest', 'demo'],
      ...['collect', 'fingerprint', 'drift', 'replace', 'schedule', 'notify', 'tui'],
    ],
    node: ['*'],
    packages: { commander: 'cli', ink: 'cli', react: 'cli' },
    reason: 'arguments in, text and exit code out; never judges and never opens a connection itself',
  },
];

/** Leaves of a room that may know a sibling leaf; all others stand alone. */
export const siblings: Readonly<Record<string, { leaves: readonly string[]; reason: string }>> = {
  'inventory/file': { leaves: ['inventory/uri'], reason: 'hosts of a fleet file are written as URIs' },
  'manifest/docker-archive': { leaves: ['manifest/image'], reason: 'what all image formats share' },
  'manifest/oci': { leaves: ['manifest/image'], reason: 'what all image formats share' },
  'replace/docker': { leaves: ['replace/engine'], reason: 'how a Docker daemon is asked' },
  'replace/swarm': { leaves: ['replace/engine'], reason: 'how a Docker daemon is asked' },
  'manifest/oci-layout': { leaves: ['manifest/image'], reason: 'what all image formats share' },
  'replace/asg': { leaves: ['replace/aws'], reason: 'what both drivers of AWS share' },
  'replace/ec2': { leaves: ['replace/aws'], reason: 'what both drivers of AWS share' },
};

/** Rooms whose folders are providers, each of which must be removable alone. */
export const roomsOfLeaves: readonly string[] = [
  'inventory',
  'transport',
  'collect',
  'store',
  'report',
  'manifest',
  'replace',
  'notify',
];

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** One module of src/ with the specifiers it imports in any way: types, re-exports and dynamic imports too. */
export interface Module {
  /** From the repository, e.g. `src/core/bytes.ts`. */
  file: string;
  imports: string[];
}

/** A dynamic import of something that is not a literal: nobody can say what it reaches. */
export const computed = '(computed)';

/** Specifiers of `import('...')` in the place of a type, which are not among the dynamic imports. */
function importTypes(node: unknown, found: string[]): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, source } = node as { type?: unknown; source?: { value?: unknown } };
  if (type === 'TSImportType') found.push(typeof source?.value === 'string' ? source.value : computed);
  for (const child of Object.values(node)) importTypes(child, found);
}

/** Everything that a module imports. JSX is an import of react that the compiler writes. */
export function importsOf(file: string, source: string): string[] {
  const { module, program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const found = module.staticImports.map((i) => i.moduleRequest.value);
  for (const { entries } of module.staticExports)
    for (const { moduleRequest } of entries) if (moduleRequest) found.push(moduleRequest.value);
  for (const { moduleRequest } of module.dynamicImports) {
    const text = source.slice(moduleRequest.start, moduleRequest.end);
    found.push(/^(['"`])([^'"`$]*)\1$/.exec(text)?.[2] ?? computed);
  }
  importTypes(program, found);
  if (file.endsWith('.tsx')) found.push('react');
  return found;
}

/** All modules of src/. */
export function modules(): Module[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .sort()
    .map((file) => ({ file, imports: importsOf(file, readFileSync(join(root, file), 'utf8')) }));
}

/** `@scope/name/deep` -> `@scope/name`. */
export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** `src/transport/ssh/auth.ts` -> `transport/ssh`; a file that stands in the room itself has no leaf. */
function leafOf(file: string): string | undefined {
  const [, room = '', ...rest] = file.split('/');
  return rest.length > 1 && roomsOfLeaves.includes(room) ? `${room}/${rest[0]}` : undefined;
}

/** What a module does that the table forbids, in words. */
export function violations({ file, imports }: Module): string[] {
  const name = file.split('/')[1] ?? '';
  const room = table.find((row) => row.room === name);
  if (!room) return [`${file}: the room "${name}" is not in the table`];
  return imports.flatMap((specifier) => {
    const wrong = wrongWith(room, file, specifier);
    return wrong ? [`${file} imports ${specifier}: ${wrong} (${room.room}: ${room.reason})`] : [];
  });
}

function wrongWith(room: Room, file: string, specifier: string): string | undefined {
  if (specifier === computed) return 'what it imports cannot be known';
  if (specifier.startsWith('node:'))
    return room.node.includes('*') || room.node.includes(specifier) ? undefined : 'not a module of Node for this room';
  if (!specifier.startsWith('.')) {
    const name = packageOf(specifier);
    const place = Object.hasOwn(room.packages, name) ? room.packages[name] : undefined;
    if (place === undefined) return 'not a package for this room';
    return file.startsWith(`src/${place}/`) ? undefined : `only src/${place} may`;
  }
  if (!/\.tsx?$/.test(specifier)) return 'the name must end in .ts or .tsx';
  const target = posix.join(posix.dirname(file), specifier);
  if (!target.startsWith('src/')) return 'outside of src';
  const other = target.split('/')[1] ?? '';
  if (other !== room.room) return room.rooms.includes(other) ? undefined : `the room "${other}" is not for this room`;
  const from = leafOf(file);
  const to = leafOf(target);
  // The files of the room itself (registry, run) may know its leaves; a leaf may know them, itself, and what is listed.
  if (from === undefined || to === undefined || from === to) return undefined;
  return siblings[from]?.leaves.includes(to) ? undefined : `${from} and ${to} must not know each other`;
}
