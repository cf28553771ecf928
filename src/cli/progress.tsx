import { Box, render, Text } from 'ink';
import { printable } from '../core/bytes.ts';
import type { ScanEvent } from '../core/report.ts';

/** What the progress line knows. */
export interface ProgressState {
  total: number;
  done: number;
  running: string[];
  bytes: number;
  files: number;
  /** Bytes of the files hashed on instances that are done. */
  hashed: number;
  startedAt: number;
}

/** Pure: the state after an event. */
export function advance(state: ProgressState, event: ScanEvent, received: Map<string, number>): ProgressState {
  switch (event.type) {
    case 'instance-started':
      return { ...state, running: [...state.running, event.instance] };
    case 'instance-progress':
      received.set(event.instance, event.bytes);
      return { ...state, bytes: [...received.values()].reduce((sum, n) => sum + n, 0) };
    case 'instance-finished':
      return {
        ...state,
        done: state.done + 1,
        files: state.files + event.files,
        hashed: state.hashed + event.bytesHashed,
        running: state.running.filter((i) => i !== event.instance),
      };
    default:
      return state;
  }
}

/** One line: hosts done, the ones being read, bytes, files hashed, elapsed and what is left. */
export function Progress({ state, now }: { state: ProgressState; now: number }) {
  const elapsed = (now - state.startedAt) / 1000;
  const left = state.done > 0 ? Math.ceil((elapsed / state.done) * (state.total - state.done)) : undefined;
  const current = state.running.slice(0, 2).map(printable).join(', ');
  const more = state.running.length > 2 ? ` +${state.running.length - 2}` : '';
  return (
    <Box>
      <Text wrap="truncate-end">
        <Text color="cyan">{`${state.done}/${state.total}`}</Text>
        {` scanned  ${current}${more}  ${(state.bytes / 1e6).toFixed(1)} MB read  ${state.files} files, ${(state.hashed / 1e6).toFixed(0)} MB hashed  ${elapsed.toFixed(0)} s${left === undefined ? '' : `, about ${left} s left`}`}
      </Text>
    </Box>
  );
}

/** Shows the progress on a terminal until `stop`; then the line is gone. */
export function showProgress(stream: NodeJS.WriteStream, total: number) {
  const received = new Map<string, number>();
  let state: ProgressState = { total, done: 0, running: [], bytes: 0, files: 0, hashed: 0, startedAt: Date.now() };
  const draw = () => <Progress state={state} now={Date.now()} />;
  const app = render(draw(), { stdout: stream, stderr: stream, exitOnCtrlC: false, patchConsole: false });
  const timer = setInterval(() => app.rerender(draw()), 120);
  let stopped = false;
  return {
    onEvent(event: ScanEvent) {
      state = advance(state, event, received);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      app.clear();
      app.unmount();
    },
  };
}
