/**
 * Pictures in rows of as many as fit. Of a list of any length only the rows in view are in the page, so that a thousand
 * of them scroll as ten do.
 */

import { useElementSize, useMergedRef } from '@mantine/hooks';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useRef } from 'react';
import classes from './PictureGrid.module.css';

/** The least width of a picture and what is between two, CSS pixels; as in the style sheet. */
const LEAST = 220;
const GAP = 18;
/** Columns until the width is known. */
const COLUMNS_FIRST = 4;
/** The height of what stands below a picture. */
const WORDS = 66;
/** Rows in the page above and below those in view. */
const OVERSCAN = 2;

interface Props<Item> {
  readonly items: readonly Item[];
  readonly idOf: (item: Item) => string;
  readonly picture: (item: Item) => ReactNode;
}

export function PictureGrid<Item>({ items, idOf, picture }: Props<Item>) {
  const body = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize<HTMLDivElement>();
  const columns = width === 0 ? COLUMNS_FIRST : Math.max(1, Math.floor((width + GAP) / (LEAST + GAP)));
  const each = ((width || LEAST * columns) - GAP * (columns - 1)) / columns;
  const virtual = useWindowVirtualizer({
    count: Math.ceil(items.length / columns),
    estimateSize: () => (each * 9) / 16 + WORDS,
    overscan: OVERSCAN,
    scrollMargin: body.current?.offsetTop ?? 0,
    useFlushSync: false,
  });
  return (
    <div ref={useMergedRef(body, ref)} role="list" className={classes.grid} style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ index, start }) => (
        <div
          key={index}
          role="presentation"
          ref={virtual.measureElement}
          data-index={index}
          className={classes.row}
          style={{ transform: `translateY(${start - virtual.options.scrollMargin}px)`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
        >
          {items.slice(index * columns, (index + 1) * columns).map((item, at) => (
            <div
              key={idOf(item)}
              role="listitem"
              aria-setsize={items.length}
              aria-posinset={index * columns + at + 1}
              data-picture={index * columns + at}
              className={classes.item}
            >
              {picture(item)}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
