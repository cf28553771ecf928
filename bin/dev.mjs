/**
 * Runs the repository without preparation: `node bin/dev.mjs start|test|bench [ARGS]`. Installs and builds what is
 * missing, then runs the task with the project's own Node (node_modules/.bin first). Works on Node 20, no dependencies.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...names) => join(root, ...names);
const bin = at('node_modules', '.bin');
const env = { ...process.env, PATH: [bin, process.env.PATH ?? ''].join(delimiter) };
const say = (text) => process.stderr.write(`dev: ${text}\n`);
const mtime = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** Exit statuses of a demo that did its job: clean, drift found, replacement recommended (src/core/exit.ts). */
const demoDone = new Set([0, 1, 4]);

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
/** @type {NodeJS.Signals | undefined} */
let stopped;

// A terminal sends Ctrl-C to the child as well; whoever else signals reaches only this process. Either way we wait.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopped = signal;
    const heard = signal === 'SIGINT' && (process.stdin.isTTY || process.stderr.isTTY);
    if (!heard) running?.kill(signal);
  });
}

/** Runs a command in the repository (or where the user is) and gives its exit status; 128+n for a signal. */
function run(command, args, cwd = root) {
  return new Promise((resolve) => {
    running = spawn(command, args, { cwd, env, stdio: 'inherit' });
    running.on('error', (error) => {
      say(`cannot run ${command}: ${error.message}`);
      resolve(127);
    });
    running.on('exit', (code, signal) =>
      resolve(code ?? 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 0)),
    );
  });
}

/** Dependencies, when they are missing or older than what package.json and the lock file say. */
async function install() {
  const installed = mtime(at('node_modules', '.package-lock.json'));
  if (installed > 0 && installed >= Math.max(mtime(at('package-lock.json')), mtime(at('package.json')))) return 0;
  say('installing dependencies (once, about 30 s)');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  let code = await run('npm', ['ci', ...quiet]);
  if (code !== 0 && !stopped) {
    say('npm ci failed; trying npm install');
    code = await run('npm', ['install', ...quiet]);
  }
  return code;
}

/** The Node everything runs with: the project's own, else this one if it is new enough. */
function findNode() {
  const own = at('node_modules', 'node', 'bin', 'node');
  if (existsSync(own)) return own;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 12)) return process.execPath;
  say(`the project's own Node (node_modules/node) was not installed, and this is ${process.version}.`);
  say('Get Node >= 22.12 from https://nodejs.org, or let npm run install scripts of the package "node".');
  return undefined;
}

function newestIn(directory) {
  let newest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    newest = Math.max(newest, mtime(join(entry.parentPath ?? entry.path, entry.name)));
  }
  return newest;
}

/** dist, when it is missing or older than a source file, a file of rules or the packages, of which there is some code in it. */
async function build(node) {
  const packages = at('node_modules', '.package-lock.json');
  const sources = [newestIn(at('src')), newestIn(at('rules')), mtime(at('bin', 'build.mjs')), mtime(packages)];
  const built = existsSync(at('dist', 'cli', 'main.js')) ? mtime(at('dist', 'rules.json')) : 0;
  if (built >= Math.max(...sources)) return 0;
  say('building');
  const code = await run(node, [at('bin', 'build.mjs')]);
  if (code !== 0) say('the build failed');
  return code;
}

async function start(node, args) {
  const built = await build(node);
  if (built !== 0) return built;
  const code = await run(node, [at('bin', 'snowfence'), ...(args.length > 0 ? args : ['demo'])], process.cwd());
  return args.length === 0 && demoDone.has(code) ? 0 : code;
}

async function test(node, args) {
  const steps = [
    ['build', () => build(node)],
    ['lint', () => run(join(bin, 'biome'), ['check', '--error-on-warnings', '.'])],
    ['types', () => run(join(bin, 'tsc'), ['-p', at('test', 'tsconfig.json')])],
    ['tests', () => run(node, [at('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args])],
  ];
  const results = [];
  for (const [name, step] of steps) {
    if (stopped) break;
    say(name);
    const began = performance.now();
    const code = await step();
    results.push({ name, code, seconds: ((performance.now() - began) / 1000).toFixed(1) });
  }
  say('summary');
  for (const { name, code, seconds } of results) say(`  ${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (stopped) return 130;
  return results.every(({ code }) => code === 0) ? 0 : 1;
}

async function bench(node, args) {
  return (await build(node)) || run(node, [at('test', 'bench', 'main.ts'), ...args]);
}

const tasks = { start, test, bench };

async function main([name = '', ...args]) {
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (!task) {
    say('usage: node bin/dev.mjs start|test|bench [ARGS]');
    return 2;
  }
  const installed = await install();
  if (installed !== 0) return installed;
  const node = findNode();
  return node ? task(node, args) : 2;
}

process.exitCode = await main(process.argv.slice(2));
