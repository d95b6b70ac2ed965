/** What keys do, a line each. */

import { Group, Kbd, Stack, Text } from '@mantine/core';

/** The keys of a line, pressed one after the other, and what they do. */
export type KeyLine = readonly [keys: readonly string[], does: string];

export function KeyList({ title, lines }: { title?: string; lines: readonly KeyLine[] }) {
  return (
    <Stack gap={6}>
      {title && (
        <Text fw={600} size="sm">
          {title}
        </Text>
      )}
      {lines.map(([keys, does]) => (
        <Group key={does} justify="space-between" wrap="nowrap">
          <Text size="sm">{does}</Text>
          <Group gap={4} wrap="nowrap">
            {keys.map((key) => (
              <Kbd key={key}>{key}</Kbd>
            ))}
          </Group>
        </Group>
      ))}
    </Stack>
  );
}
