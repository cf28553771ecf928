import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const launcher = join(root, 'bin', 'snowfence');

/** Builds dist when there is none. */
export function build(): void {
  if (existsSync(join(root, 'dist', 'cli', 'main.js'))) return;
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'build.mjs')], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A working directory with a store of its own, in which the command line is run as a person runs it. */
export class Desk {
  readonly path = mkdtempSync(join(tmpdir(), 'snowfence-cli-'));

  get env(): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    return { PATH, HOME: this.path, SNOWFENCE_STORE: join(this.path, 'store', 'snowfence.db'), LC_ALL: 'C.UTF-8' };
  }

  /** Runs `snowfence ARGS`. */
  run(...args: string[]): Promise<Ended> {
    return this.spawn(process.execPath, [launcher, ...args]);
  }

  /** Runs a shell line in which `snowfence` is the command line. */
  shell(line: string): Promise<Ended> {
    return this.spawn('bash', ['-c', `snowfence() { "${process.execPath}" "${launcher}" "$@"; }; ${line}`]);
  }

  private spawn(command: string, args: string[]): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: this.path, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
  }

  write(name: string, text: string | Buffer): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    // A program whose terminal was just closed may be about to write its last.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
