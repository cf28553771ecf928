import { Box, Text, useInput } from 'ink';
import { memo, useSyncExternalStore } from 'react';
import type { Span } from './cells.ts';
import { frame } from './frame.ts';
import { keysOf } from './keys.ts';
import type { AuditLoop } from './loop.ts';
import { look } from './theme.ts';

/** One row of the screen. Rows that stay as they are are not drawn again. */
const Row = memo(
  function Row({ spans, color }: { spans: readonly Span[]; color: boolean }) {
    return (
      <Text wrap="truncate">
        {spans.map(({ text, style }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a span is its place in the row.
          <Text key={i} {...look(style, color)}>
            {text}
          </Text>
        ))}
      </Text>
    );
  },
  (a, b) =>
    a.color === b.color &&
    a.spans.length === b.spans.length &&
    a.spans.every((span, i) => span.text === b.spans[i]?.text && span.style === b.spans[i]?.style),
);

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
        <Row key={i} spans={spans} color={color} />
      ))}
    </Box>
  );
}
