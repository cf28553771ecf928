/**
 * Makes dist of src and rules; types are checked elsewhere (tsc). Runs on Node 20.
 *
 * The sources become few files, because finding and loading some 270 modules took 130 of the 950 ms that a scan of one server took.
 * What is loaded lazily stays in files of its own, and packages stay where they are. All of it lies in one directory, two below the
 * root as the sources do: that is how they find what comes with them (src/app/places.ts).
 *
 * ajv writes down what it makes of the schemas, in the place of an empty registry (src/schema/built.ts): loading it and compiling took 100 ms.
 *
 * The rules that come with the tool are written as data, because parsing them as YAML was a quarter of what a scan of one server cost its
 * scanner. Each file stands there with its sha256: what was edited since is parsed again (src/app/shipped.ts).
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import standalone from 'ajv/dist/standalone/index.js';
import { rolldown } from 'rolldown';
import { parse } from 'yaml';

const standaloneCode = standalone.default;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [fresh, dist] = [join(root, `dist-${process.pid}`), join(root, 'dist')];

function rules(directory) {
  const parsed = {};
  for (const file of readdirSync(directory).filter((name) => /\.ya?ml$/.test(name))) {
    const bytes = readFileSync(join(directory, file));
    parsed[file] = {
      sha256: createHash('sha256').update(bytes).digest('hex'),
      policy: parse(bytes.toString('utf8'), { maxAliasCount: 100 }),
    };
  }
  return parsed;
}

const placed = { cwd: root, platform: 'node', onLog: (level, log) => console.error(`build: ${level}: ${log.message}`) };
const names = {
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: ({ name }) => `${name.replaceAll(/\W+/g, '-')}-[hash].js`,
};
/** Packages are loaded from where npm put them. */
const external = /^[^./\0]/;
const packages = realpathSync(join(root, 'node_modules')) + sep;

/** The schemas as code, by their names: ajv writes it down, and imports parts of itself in it. */
async function validators() {
  const dir = join(fresh, 'schemas');
  const input = { schemas: join('src', 'cli', 'schemas.ts'), validate: join('src', 'schema', 'validate.ts') };
  const sources = await rolldown({ ...placed, external, input });
  await sources.write({ ...names, dir });
  const { allSchemas } = await import(pathToFileURL(join(dir, 'schemas.js')).href);
  const { makeAjv } = await import(pathToFileURL(join(dir, 'validate.js')).href);
  const written = {};
  for (const [name, schema] of Object.entries(await allSchemas())) {
    const ajv = await makeAjv({ source: true });
    written[name] = standaloneCode(ajv, ajv.compile(schema));
  }
  rmSync(dir, { recursive: true });
  return written;
}

/** Puts them in the place of src/schema/built.ts. */
function builtIn(written) {
  const ids = Object.keys(written);
  const prefix = '\0validator ';
  return {
    name: 'validators',
    resolveId: (id) => (id.startsWith('validator ') ? `\0${id}` : undefined),
    load(id) {
      if (id === join(root, 'src', 'schema', 'built.ts'))
        return `export const built = {${ids.map((name) => `${JSON.stringify(name)}: () => import(${JSON.stringify(`validator ${name}`)})`).join()}};`;
      return id.startsWith(prefix) ? { code: written[id.slice(prefix.length)], moduleType: 'js' } : undefined;
    },
  };
}

/** Is a build with this process id still at work? */
function runs(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Puts ours in the place of what is there, whole: another build may do the same at the same time. */
function place(tries = 20) {
  try {
    renameSync(dist, `${fresh}-old`);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  try {
    renameSync(fresh, dist);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code) || tries === 0) throw error;
    rmSync(`${fresh}-old`, { recursive: true, force: true });
    place(tries - 1);
  }
}

// What builds left behind that a signal ended is taken away.
for (const name of readdirSync(root)) {
  const pid = Number(/^dist-(\d+)(?:-old)?$/.exec(name)?.[1] ?? process.pid);
  if (pid !== process.pid && !runs(pid)) rmSync(join(root, name), { recursive: true, force: true });
}

try {
  const written = await validators();
  const sources = await rolldown({
    ...placed,
    input: { main: join('src', 'cli', 'main.ts') },
    plugins: [builtIn(written)],
    // What a validator takes from ajv is few lines, and goes with it.
    external: (id, importer) =>
      external.test(id) &&
      !id.startsWith('validator ') &&
      !importer?.startsWith('\0validator ') &&
      !importer?.startsWith(packages),
  });
  await sources.write({ ...names, dir: join(fresh, 'cli') });
  writeFileSync(join(fresh, 'rules.json'), JSON.stringify(rules(join(root, 'rules'))));
  place();
} finally {
  for (const left of [fresh, `${fresh}-old`]) rmSync(left, { recursive: true, force: true });
}
