import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { computed, importsOf, modules, packageOf, root, siblings, table, violations } from './rooms.ts';

const all = modules();

/** What the check says of a text as if it stood in that file. */
const planted = (file: string, source: string) => violations({ file, imports: importsOf(file, source) });

describe('the rooms under src/', () => {
  it('are looked at file by file, none left out', () => {
    const listed = globSync(['src/**/*.ts', 'src/**/*.tsx'], { cwd: root }).sort();
    expect(all.map((m) => m.file)).toEqual(listed);
    expect(listed.length).toBeGreaterThan(100);
    expect([...new Set(all.map((m) => m.file.split('/')[1]))].sort()).toEqual(table.map((r) => r.room).sort());
  });

  it('import only what the table lets them', () => {
    expect(all.flatMap(violations)).toEqual([]);
  });

  it('import only files that exist', () => {
    const missing = all.flatMap(({ file, imports }) =>
      imports
        .filter((s) => s.startsWith('.') && !existsSync(join(root, posix.dirname(file), s)))
        .map((s) => `${file}: ${s}`),
    );
    expect(missing).toEqual([]);
  });

  it('say for each row why', () => {
    for (const row of table) expect(row.reason.length, row.room).toBeGreaterThan(10);
  });

  it('hold no permission that nobody uses', () => {
    const used = (room: string) =>
      new Set(all.filter((m) => m.file.startsWith(`src/${room}/`)).flatMap((m) => m.imports));
    const unused = table.flatMap(({ room, packages }) => {
      const names = new Set([...used(room)].map(packageOf));
      return Object.keys(packages).flatMap((name) => (names.has(name) ? [] : [`${room}: ${name}`]));
    });
    for (const [leaf, { leaves }] of Object.entries(siblings)) {
      const targets = all
        .filter((m) => m.file.startsWith(`src/${leaf}/`))
        .flatMap((m) => m.imports.map((s) => posix.join(posix.dirname(m.file), s)));
      for (const other of leaves)
        if (!targets.some((t) => t.startsWith(`src/${other}/`))) unused.push(`${leaf}: ${other}`);
    }
    expect(unused).toEqual([]);
  });
});

describe('packages of others', () => {
  const users = (name: string) =>
    [
      ...new Set(all.filter((m) => m.imports.some((s) => packageOf(s) === name)).map((m) => posix.dirname(m.file))),
    ].sort();

  it.each([
    ['better-sqlite3', /^src\/store\/sqlite$/],
    ['node-ssh', /^src\/transport\/ssh$/],
    ['ssh-config', /^src\/transport\/ssh$/],
    ['ssh2', /^src\/(transport\/ssh|demo)$/],
    ['@aws-sdk/client-ssm', /^src\/transport\/ssm$/],
    ['undici', /^src\/(transport\/docker|replace\/engine)$/],
    ['nodemailer', /^src\/notify\/email$/],
    ['ajv', /^src\/schema$/],
    ['ajv-formats', /^src\/schema$/],
    ['yaml', /^src\/config$/],
    ['picomatch', /^src\/policy$/],
    ['diff', /^src\/policy$/],
    ['croner', /^src\/schedule$/],
    ['commander', /^src\/cli(\/commands)?$/],
    ['ink', /^src\/(cli|tui)$/],
    ['react', /^src\/(cli|tui)$/],
    ['string-width', /^src\/tui$/],
  ])('%s stands in its own place only', (name, place) => {
    expect(users(name).length).toBeGreaterThan(0);
    for (const folder of users(name)) expect(folder).toMatch(place);
  });

  it('are dependencies, if anything but types is imported from them', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const typesOnly = ['json-schema-to-ts'];
    const names = new Set(
      all.flatMap((m) => m.imports.filter((s) => !/^(\.|node:)/.test(s) && s !== computed).map(packageOf)),
    );
    expect([...names].filter((n) => !Object.hasOwn(dependencies, n) && !typesOnly.includes(n))).toEqual([]);
  });
});

describe('the check is alive: it catches', () => {
  it.each([
    ['an import for its effect', "import '../cli/main.ts';"],
    ['a dynamic import', "export const f = () => import('../cli/main.ts');"],
    ['a re-export of all', "export * from '../cli/main.ts';"],
    ['a re-export of one', "export { main } from '../cli/main.ts';"],
    ['a type', "import type { Context } from '../cli/context.ts';"],
    ['a re-export of a type', "export type { Context } from '../cli/context.ts';"],
    ['a type by import()', "export type C = import('../cli/context.ts').Context;"],
    ['a module of Node', "import { readFileSync } from 'node:fs';"],
    ['a package', "import ssh2 from 'ssh2';"],
    ['what is computed', 'export const f = (name: string) => import(name);'],
    ['a template', 'export const f = (name: string) => import(`../$' + '{name}.ts`);'],
    ['what is outside', "import '../../test/house/rooms.ts';"],
    ['a name without its ending', "import './errors';"],
  ])('%s', (_, source) => {
    expect(planted('src/core/planted.ts', source)).toHaveLength(1);
  });

  it('what the words in a comment or a string do not do', () => {
    expect(
      planted('src/core/planted.ts', "// import '../cli/main.ts'\nexport const s = \"import '../cli/main.ts'\";"),
    ).toEqual([]);
  });

  it('a vendor outside its leaf, and a leaf that knows its sibling', () => {
    expect(planted('src/transport/local/x.ts', "import { Client } from 'ssh2';")[0]).toMatch(
      /only src\/transport\/ssh may/,
    );
    expect(planted('src/store/x.ts', "import Database from 'better-sqlite3';")[0]).toMatch(
      /only src\/store\/sqlite may/,
    );
    expect(planted('src/collect/os/x.ts', "import '../files/parse.ts';")[0]).toMatch(/must not know each other/);
    expect(planted('src/report/json/x.ts', "import '../text/style.ts';")[0]).toMatch(/must not know each other/);
    expect(planted('src/app/x.ts', "import '../cli/main.ts';")[0]).toMatch(/the room "cli" is not for this room/);
    expect(planted('src/attic/x.ts', '')[0]).toMatch(/not in the table/);
  });
});
