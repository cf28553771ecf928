const hooks = new Set<() => void>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `job` when the process exits or is told to, unless taken back by the function that this gives. Jobs must be synchronous. */
export function onExit(job: () => void): () => void {
  if (hooks.size === 0) {
    process.on('exit', runAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  hooks.add(job);
  return () => {
    hooks.delete(job);
    if (hooks.size === 0) unlisten();
  };
}

function runAll(): void {
  for (const job of [...hooks]) {
    hooks.delete(job);
    job();
  }
  unlisten();
}

/** Cleans up, then lets the signal do what it would have done without us. */
function onSignal(signal: NodeJS.Signals): void {
  runAll();
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function unlisten(): void {
  process.off('exit', runAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}
