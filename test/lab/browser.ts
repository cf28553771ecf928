import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A page in Debian's chromium without a window, driven over its DevTools protocol. */
export class Browser {
  /** Addresses that the page asked for. */
  readonly requests: string[] = [];
  /** What the page complained of: exceptions and refusals of its policy. */
  readonly complaints: string[] = [];
  private readonly waiting = new Map<number, (result: unknown) => void>();
  private last = 0;

  private readonly child: ChildProcess;
  private readonly place: string;
  private readonly socket: WebSocket;

  private constructor(child: ChildProcess, place: string, socket: WebSocket) {
    this.child = child;
    this.place = place;
    this.socket = socket;
    socket.addEventListener('message', ({ data }) => this.hear(JSON.parse(String(data)) as Message));
  }

  static async start(): Promise<Browser> {
    const place = mkdtempSync(join(tmpdir(), 'snowfence-chromium-'));
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage'];
    const more = ['--disable-background-networking', '--disable-component-update', '--window-size=1200,1600'];
    const child = spawn(
      'chromium',
      [...flags, ...more, '--remote-debugging-port=0', `--user-data-dir=${place}`, 'about:blank'],
      {
        stdio: 'ignore',
        env: { ...process.env, HOME: place },
      },
    );
    const file = join(place, 'DevToolsActivePort');
    for (
      const end = Date.now() + 60_000;
      !existsSync(file) || readFileSync(file, 'utf8').split('\n').length < 2;
      await sleep(50)
    )
      if (Date.now() > end || child.exitCode !== null) throw new Error('chromium did not start');
    const port = readFileSync(file, 'utf8').split('\n')[0];
    let page: { webSocketDebuggerUrl: string } | undefined;
    for (const end = Date.now() + 60_000; !page && Date.now() < end; await sleep(50)) {
      const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
        type: string;
        webSocketDebuggerUrl: string;
      }[];
      page = targets.find(({ type }) => type === 'page');
    }
    if (!page) throw new Error('chromium has no page');
    const socket = new WebSocket(page.webSocketDebuggerUrl);
    await once(socket, 'open');
    const browser = new Browser(child, place, socket);
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await browser.send(`${domain}.enable`);
    return browser;
  }

  /** Opens a file and waits until it is loaded. */
  async open(path: string): Promise<void> {
    this.requests.length = 0;
    this.complaints.length = 0;
    await this.send('Page.navigate', { url: `file://${path}` });
    await this.until(`document.readyState === 'complete' && location.href.startsWith('file:')`);
  }

  /** The value of an expression in the page. */
  async value<T>(expression: string): Promise<T> {
    const { result } = (await this.send('Runtime.evaluate', { expression, returnByValue: true })) as {
      result: { value: T };
    };
    return result.value;
  }

  async until(expression: string): Promise<void> {
    for (const end = Date.now() + 60_000; !(await this.value<boolean>(expression)); await sleep(50))
      if (Date.now() > end) throw new Error(`the page never came to: ${expression}`);
  }

  /** Types into what has the focus. */
  async type(text: string): Promise<void> {
    await this.send('Input.insertText', { text });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = (await this.send('Page.captureScreenshot', { captureBeyondViewport: true })) as { data: string };
    return Buffer.from(data, 'base64');
  }

  send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.last;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  async close(): Promise<void> {
    this.socket.close();
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.place, { recursive: true, force: true, maxRetries: 10 });
  }

  private hear({ id, result, method, params }: Message): void {
    if (id !== undefined) {
      this.waiting.get(id)?.(result);
      this.waiting.delete(id);
    }
    if (method === 'Network.requestWillBeSent') this.requests.push(params?.request?.url ?? '');
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params));
    if (method === 'Log.entryAdded') this.complaints.push(params?.entry?.text ?? '');
  }
}

interface Message {
  id?: number;
  result?: unknown;
  method?: string;
  params?: { request?: { url: string }; entry?: { text: string } };
}
