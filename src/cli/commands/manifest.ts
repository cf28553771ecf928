import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { printable } from '../../core/bytes.ts';
import { messageOf, UserError } from '../../core/errors.ts';
import { exit } from '../../core/exit.ts';
import type { Manifest } from '../../core/manifest.ts';
import { countFacts } from '../../fingerprint/stream.ts';
import { type Context, collectOption, numberOption, openStore } from '../context.ts';
import { addWayOptions, reachOf, type WayFlags } from '../ways.ts';

interface CreateFlags extends WayFlags {
  image: string;
  output: string;
  label: string[];
  add?: boolean;
  store?: string;
  timeout: number;
}

const createHelp = `
SOURCE is rootfs:DIR, docker-archive:FILE.tar, oci:FILE.tar, oci-layout:DIR, docker-image:NAME of the Docker daemon, or a
running golden instance (ssh://[user@]host[:port], ssm://ID, docker://CONTAINER, local:). Image files are read as they are, never unpacked to disk.

Examples:
  snowfence manifest create rootfs:/srv/images/web --image web:42 -o web-42.manifest
  snowfence manifest create docker-archive:web.tar --image web:42 -o web-42.manifest --label git-commit=1a2b3c
  snowfence manifest create ssh://root@golden --image ami-0abc -o ami-0abc.manifest --add`;

export function addManifest(program: Command, context: Context): void {
  const manifest = program.command('manifest').description('make and look at manifests of images');
  addWayOptions(manifest.command('create'))
    .description('fingerprint an image, or a golden instance of it')
    .argument('<SOURCE>')
    .requiredOption('--image <ref>', 'name of the image, as instances and inventories refer to it')
    .requiredOption('-o, --output <file>', 'manifest file to write')
    .option('--label <key=value>', 'label, repeatable (git-commit=...)', collectOption, [])
    .option('--add', 'add it to the store too')
    .option('--store <file>', 'the store (SNOWFENCE_STORE)')
    .option('--timeout <seconds>', 'limit', numberOption('--timeout', 1, 86_400), 3600)
    .addHelpText('after', createHelp)
    .action(async (source: string, flags: CreateFlags) => create(source, flags, context));
  manifest
    .command('show')
    .description('what a manifest is and holds; proves its digests')
    .argument('<MANIFEST>', 'file, or ref or digest in the store')
    .option('--json', 'the header as JSON')
    .option('--files', 'list its files')
    .option('--store <file>', 'the store')
    .action(async (name: string, flags: { json?: boolean; files?: boolean; store?: string }) =>
      show(name, flags, context),
    );
  manifest
    .command('diff')
    .description('differences between two manifests; exit 1 when there are any')
    .argument('<A>')
    .argument('<B>')
    .option('--store <file>', 'the store')
    .action(async (a: string, b: string, flags: { store?: string }) => diff(a, b, flags, context));
  manifest
    .command('list')
    .description('manifests in the store')
    .option('--json', 'as JSON')
    .option('--store <file>', 'the store')
    .action(async (flags: { json?: boolean; store?: string }) => {
      const store = await openStore(flags.store);
      try {
        const rows = store.listManifests();
        if (flags.json) context.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
        else
          for (const r of rows)
            context.stdout.write(
              `${r.ref.padEnd(32)} ${r.digest.slice(0, 19)}  ${String(r.files).padStart(7)} files ${String(r.packages).padStart(5)} packages  made ${r.createdAt}\n`,
            );
      } finally {
        store.close();
      }
    });
  manifest
    .command('add')
    .description('put manifest files into the store, where scans find them by the image')
    .argument('<file...>')
    .option('--store <file>', 'the store')
    .action(async (files: string[], flags: { store?: string }) => {
      for (const file of files) await add(file, flags.store, context);
    });
}

async function create(source: string, flags: CreateFlags, context: Context): Promise<void> {
  const [{ capture }, { encodeManifest }, { instanceOf }] = await Promise.all([
    import('../../app/capture.ts'),
    import('../../manifest/codec.ts'),
    import('../../inventory/uri/inventory.ts'),
  ]);
  const labels = Object.fromEntries(
    flags.label.map((label) => {
      const [key, ...value] = label.split('=');
      if (!key || value.length === 0) throw new UserError(`--label is "${label}"`, 'write KEY=VALUE');
      return [key, value.join('=')];
    }),
  );
  const reach = reachOf(flags);
  const made = await capture({
    source,
    ref: flags.image,
    labels,
    limits: { connectMs: 15_000, idleMs: 300_000, totalMs: flags.timeout * 1000, maxBytes: 1024 * 1024 * 1024 },
    signal: context.signal,
    instanceOf: (uri) => instanceOf(uri, reach),
    now: new Date(),
  });
  const bytes = encodeManifest(made);
  try {
    writeFileSync(flags.output, bytes);
  } catch (error) {
    throw new UserError(
      `cannot write the manifest ${flags.output}: ${messageOf(error)}`,
      'name a file in a directory that exists',
      { cause: error },
    );
  }
  context.stdout.write(`${made.digest}\n`);
  const { fingerprint } = made;
  context.stderr.write(
    `${flags.output}: ${countFacts(fingerprint.files)} files, ${countFacts(fingerprint.packages)} packages, ${(bytes.length / 1e6).toFixed(1)} MB\n`,
  );
  for (const gap of fingerprint.gaps) context.stderr.write(`gap: ${gap.probe}: ${printable(gap.detail)}\n`);
  if (flags.add) await add(flags.output, flags.store, context);
}

async function add(file: string, storePath: string | undefined, context: Context): Promise<void> {
  const [{ readManifestFile }, { readFileSync }] = await Promise.all([
    import('../../app/manifests.ts'),
    import('node:fs'),
  ]);
  const manifest = readManifestFile(file);
  const store = await openStore(storePath);
  try {
    store.addManifest(readFileSync(file), manifest, new Date().toISOString());
  } finally {
    store.close();
  }
  context.stderr.write(`added ${printable(manifest.image.ref)} ${manifest.digest}\n`);
}

/** A manifest by file name, or by ref or digest in the store. */
async function find(name: string, storePath: string | undefined): Promise<Manifest> {
  const [{ readManifestFile }, { existsSync }] = await Promise.all([
    import('../../app/manifests.ts'),
    import('node:fs'),
  ]);
  const { decodeManifest } = await import('../../manifest/codec.ts');
  if (existsSync(name)) return readManifestFile(name);
  const store = await openStore(storePath);
  try {
    const bytes = store.findManifest(name);
    if (!bytes)
      throw new UserError(
        `"${name}" is neither a file nor a manifest in the store`,
        '"snowfence manifest list" shows what there is',
      );
    return decodeManifest(bytes, name);
  } finally {
    store.close();
  }
}

async function show(
  name: string,
  flags: { json?: boolean; files?: boolean; store?: string },
  context: Context,
): Promise<void> {
  const { headerOf } = await import('../../manifest/codec.ts');
  const manifest = await find(name, flags.store);
  if (flags.files) {
    const { readStream } = await import('../../fingerprint/stream.ts');
    for (const [key, value] of readStream(manifest.fingerprint.files))
      context.stdout.write(
        `${value.split(' ').slice(0, 7).join(' ')} ${printable(Buffer.from(key, 'latin1').toString('utf8'))}\n`,
      );
    return;
  }
  if (flags.json) {
    context.stdout.write(`${JSON.stringify(headerOf(manifest), null, 2)}\n`);
    return;
  }
  const { fingerprint: f } = manifest;
  const lines = [
    `image    ${manifest.image.ref}${manifest.image.digest ? ` (${manifest.image.digest})` : ''}`,
    `digest   ${manifest.digest}`,
    `made     ${manifest.createdAt} from ${manifest.source} by ${manifest.tool.name} ${manifest.tool.version}`,
    `system   ${f.os.pretty || f.os.id || 'unknown'}`,
    `holds    ${countFacts(f.files)} files, ${countFacts(f.packages)} packages, ${countFacts(f.accounts)} accounts and groups, ${countFacts(f.contents)} texts${f.sockets ? `, ${countFacts(f.sockets)} sockets` : ''}`,
    ...Object.entries(manifest.labels).map(([key, value]) => `label    ${key}=${value}`),
    ...f.gaps.map((gap) => `gap      ${gap.probe}: ${gap.detail}`),
  ];
  context.stdout.write(`${lines.map(printable).join('\n')}\n`);
}

async function diff(a: string, b: string, flags: { store?: string }, context: Context): Promise<void> {
  const [{ compare }, { display }] = await Promise.all([import('../../drift/drift.ts'), import('../../core/bytes.ts')]);
  const [left, right] = [await find(a, flags.store), await find(b, flags.store)];
  const { drifts } = compare(left.fingerprint, right.fingerprint);
  const signs = { added: '+', removed: '-', changed: '~' } as const;
  for (const d of drifts) {
    const values =
      d.stream === 'packages'
        ? ` ${[d.before, d.after]
            .filter(Boolean)
            .map((v) => printable(v ?? ''))
            .join(' -> ')}`
        : '';
    context.stdout.write(`${signs[d.change]} ${d.stream.padEnd(8)} ${display(d.key).text}${values}\n`);
  }
  if (drifts.length > 0) context.code = exit.findings;
}
