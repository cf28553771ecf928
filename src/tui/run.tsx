import { render } from 'ink';
import type { Report } from '../core/report.ts';
import { App } from './app.tsx';
import { AuditLoop } from './loop.ts';
import type { AuditPorts } from './ports.ts';
import { initial } from './state.ts';

/** What an audit shows and where. */
export interface AuditOptions {
  /** Both must be terminals. */
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  color: boolean;
  ports: AuditPorts;
  /** Absent: a scan begins at once. */
  report?: Report;
  /** The earlier report that `report` is compared with. */
  before?: Report;
  /** Where the report comes from, for people. */
  title: string;
  /** Name that a waiver form begins with. */
  owner: string;
  /** Told when the screen is given back and what was interrupted has not ended yet. */
  onWait(): void;
  /** Ends the audit from outside. */
  signal: AbortSignal;
}

/** Runs the audit on the other screen of the terminal until it is left; true when it was interrupted. The terminal is as it was at every end. */
export async function runAudit(options: AuditOptions): Promise<boolean> {
  const { stdin, stdout, report, before, title, owner, signal } = options;
  const ports = remembering(options.ports);
  let interrupted = false;
  const state = initial({
    ...{ title, owner, history: ports.history },
    ...(report ? { report } : {}),
    ...(before ? { before } : {}),
    can: { replace: ports.replace !== undefined, scan: ports.scan !== undefined },
    size: sizeOf(stdout),
  });
  const loop = new AuditLoop(state, ports, {
    // OSC 52: the terminal's own clipboard, also through ssh. Base64 of clean text: nothing in it can end the sequence.
    copy: (text) => void stdout.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`),
    quit(how) {
      interrupted = how;
      app.unmount();
    },
  });
  // Before ink's own listener: the frame that it draws on a resize has the new size already.
  const onResize = () => loop.dispatch({ type: 'resize', ...sizeOf(stdout) });
  stdout.on('resize', onResize);
  const app = render(<App loop={loop} color={options.color} />, {
    ...{ stdin, stdout, alternateScreen: true, interactive: true, incrementalRendering: true },
    ...{ exitOnCtrlC: false, patchConsole: false, maxFps: 30 },
  });
  const onAbort = () => app.unmount();
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  else if (!report) loop.dispatch({ type: 'key', key: 'R' });
  try {
    await app.waitUntilExit();
  } finally {
    stdout.off('resize', onResize);
    signal.removeEventListener('abort', onAbort);
    await loop.stop(options.onWait);
  }
  return interrupted;
}

function sizeOf({ columns, rows }: NodeJS.WriteStream): { columns: number; rows: number } {
  return { columns: Math.max(20, columns || 80), rows: Math.max(4, rows || 24) };
}

/** The same ports, but the history of an instance is asked for once a scan: it is drawn many times. */
function remembering({ history, scan, ...ports }: AuditPorts): AuditPorts {
  const known = new Map<string, readonly number[]>();
  const again = (instance: string) => {
    const found = known.get(instance) ?? history(instance);
    known.set(instance, found);
    return found;
  };
  if (!scan) return { ...ports, history: again };
  const { instances, run } = scan;
  return { ...ports, history: again, scan: { instances, run: (...how) => run(...how).finally(() => known.clear()) } };
}
