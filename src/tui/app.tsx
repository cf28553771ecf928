import { Box, Text, useInput } from 'ink';
import { memo, useSyncExternalStore } from 'react';
import { frame } from './frame.ts';
import { keysOf } from './keys.ts';
import type { AuditLoop } from './loop.ts';
import { painted } from './theme.ts';

/** One row of the screen. Rows that stay as they are are not laid out again. */
const Row = memo(({ text }: { text: string }) => <Text wrap="truncate">{text}</Text>);

/** The audit on a terminal: draws the state, passes keys on, decides nothing. */
export function App({ loop, color }: { loop: AuditLoop; color: boolean }) {
  const state = useSyncExternalStore(loop.subscribe, loop.state);
  useInput((input, key) => {
    for (const one of keysOf(input, key)) loop.dispatch({ type: 'key', key: one });
  });
  const { columns, rows } = state.size;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {frame(state).map((spans, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is its place.
        <Row key={i} text={painted(spans, color)} />
      ))}
    </Box>
  );
}
