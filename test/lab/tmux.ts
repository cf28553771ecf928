import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, run, sleep } from './exec.ts';

/** A real terminal: a program in a tmux of its own, keys in, screen out. */
export class Terminal implements AsyncDisposable {
  readonly #socket = join(tmpdir(), `snowfence-tmux-${randomBytes(6).toString('hex')}`);

  /** Starts a shell on a terminal of that size. */
  static async open(columns: number, rows: number, env: Record<string, string> = {}): Promise<Terminal> {
    const terminal = new Terminal();
    const vars = Object.entries({ ...env, PS1: 'ready$ ', TERM: 'xterm-256color' }).map(([k, v]) => `${k}=${v}`);
    const size = ['-x', String(columns), '-y', String(rows)];
    await terminal.#tmux('new-session', '-d', ...size, 'env', ...vars, 'bash', '--norc', '--noprofile');
    await terminal.#tmux('set-option', '-g', 'set-clipboard', 'on');
    await terminal.until('ready$');
    return terminal;
  }

  #tmux(...args: string[]): Promise<string> {
    return must('tmux', ['-S', this.#socket, '-f', '/dev/null', ...args]);
  }

  /** Names of keys as tmux knows them: `j`, `Enter`, `Escape`, `C-s`. */
  async keys(...names: string[]): Promise<void> {
    await this.#tmux('send-keys', ...names);
  }

  /** Characters, none of which is a name. */
  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text);
  }

  /** What is on the screen; rows without the blanks at their ends. */
  async screen(): Promise<string> {
    const text = await this.#tmux('capture-pane', '-p');
    return text.replace(/ +$/gm, '');
  }

  /** The screen with its colours, as escape sequences. */
  colours(): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  /** The screen, once it shows this. @throws with the screen when it does not within half a minute. */
  async until(shown: RegExp | string): Promise<string> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const screen = await this.screen();
      if (typeof shown === 'string' ? screen.includes(shown) : shown.test(screen)) return screen;
      if (Date.now() > deadline) throw new Error(`the screen never showed ${String(shown)}:\n${screen}`);
      await sleep(50);
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** What tmux was given as the clipboard. */
  clipboard(): Promise<string> {
    return this.#tmux('show-buffer');
  }

  /** Is the program on the terminal's other screen? And is the cursor shown? */
  async modes(): Promise<string> {
    return (await this.#tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}')).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('tmux', ['-S', this.#socket, 'kill-server']);
    await rm(this.#socket, { force: true });
  }
}
