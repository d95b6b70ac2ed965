/** A diagram drawn by ECharts, which is loaded when the first one is shown; its numbers also as a table and as CSV. */

import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import type { Option } from './diagram-engine';
import { Drawn } from './Drawn';
import { type Colour, colour } from './theme-colour';

interface Props {
  readonly title: string;
  /** What to draw, in the colours of the theme; the same function while the same is to be drawn. */
  readonly option: (colour: Colour) => Option;
  readonly height: number;
  /** A head and the rows that say the same. */
  readonly table: readonly (readonly (string | number | null)[])[];
  /** A cell for people. */
  readonly cell: (value: string | number | null, column: number) => string;
}

export function Diagram({ title, option, height, table, cell }: Props) {
  return (
    <Drawn title={title} table={table} keys={2} cell={cell} height={height}>
      <Drawing title={title} option={option} height={height} />
    </Drawn>
  );
}

function Drawing({ title, option, height }: Pick<Props, 'title' | 'option' | 'height'>) {
  const scheme = useComputedColorScheme();
  const { ref: box, width } = useElementSize<HTMLDivElement>();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element || width === 0) return;
    let dispose = () => {};
    let gone = false;
    void import('./diagram-engine').then(({ draw }) => {
      if (!gone) dispose = draw(element, option(colour), { width, height });
    });
    return () => {
      gone = true;
      dispose();
    };
    // The colours are read anew when the scheme changes.
  }, [scheme, width, height, option]);
  return (
    <div ref={box}>
      <div ref={place} role="img" aria-label={title} style={{ height }} />
    </div>
  );
}
