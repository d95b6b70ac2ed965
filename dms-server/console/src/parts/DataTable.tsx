/**
 * A list of any length: only the rows in view are in the page, further pages are asked for on the way down, and the
 * keyboard moves between rows (arrows or j and k), opens one (Enter), and leaves them with Tab.
 *
 * A row that is in view stays as it is while others come and go: scrolling draws only what comes.
 */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button } from '@mantine/core';
import { createColumnHelper, tableFeatures, useTable } from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type FocusEvent, type KeyboardEvent, memo, type MouseEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import classes from './DataTable.module.css';
import { stepFor } from './row-keys';

/** A column. */
export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** Of the grid of columns, such as `120px` or `minmax(160px, 2fr)`. */
  readonly width?: string;
  /** Numbers stand at the end of their column. */
  readonly numeric?: boolean;
  /** Left out where there is little room. */
  readonly wideOnly?: boolean;
}

interface Props<Row> {
  /** What the rows are, for screen readers. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly idOf: (row: Row) => string;
  /** Opens a row. */
  readonly open?: (row: Row) => void;
  /** Asks for the next page; null when there is none. */
  readonly more?: (() => void) | null;
  readonly loading?: boolean;
  readonly rowHeight?: number;
}

/** Rows in the page above and below those in view. */
const OVERSCAN = 8;

const features = tableFeatures({});

export function DataTable<Row extends object>({
  label,
  rows,
  columns,
  idOf,
  open,
  more = null,
  loading = false,
  rowHeight = 52,
}: Props<Row>) {
  const { t } = useLingui();
  const body = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const defined = useMemo(() => {
    const helper = createColumnHelper<typeof features, Row>();
    return helper.columns(
      columns.map(({ id, header, cell }) => helper.display({ id, header, cell: ({ row }) => cell(row.original) })),
    );
  }, [columns]);
  const table = useTable({ features, columns: defined, data: rows as Row[], getRowId: idOf });
  const all = table.getRowModel().rows;
  const virtual = useWindowVirtualizer({
    count: all.length,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollMargin: body.current?.offsetTop ?? 0,
    // What comes may be drawn a frame later: there are rows beyond those in view.
    useFlushSync: false,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && !loading && last >= all.length - OVERSCAN) more();
  }, [more, loading, last, all.length]);

  const focus = (index: number) => {
    const next = Math.min(Math.max(0, index), all.length - 1);
    setActive(next);
    virtual.scrollToIndex(next, { align: 'auto' });
    requestAnimationFrame(() => body.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus());
  };
  const pressed = (event: KeyboardEvent) => {
    const index = indexOf(event.target);
    const row = index === null ? undefined : all[index]?.original;
    if (index === null || row === undefined || !(event.target as Element).matches('[data-row]')) return;
    const step = stepFor(event.key, index, all.length);
    if (step !== null) {
      event.preventDefault();
      focus(step);
    } else if (event.key === 'Enter' && open) {
      event.preventDefault();
      open(row);
    }
  };
  const clicked = (event: MouseEvent) => {
    if ((event.target as Element).closest('a, button, input, [role="menu"]')) return;
    const row = all[indexOf(event.target) ?? -1]?.original;
    if (row !== undefined) open?.(row);
  };
  const focused = (event: FocusEvent) => {
    const index = indexOf(event.target);
    if (index !== null) setActive(index);
  };
  const template = columns.map(({ width }) => width ?? 'minmax(0, 1fr)').join(' ');
  const narrow = columns.filter(({ wideOnly }) => !wideOnly).map(({ width }) => width ?? 'minmax(0, 1fr)');
  const style = { '--columns': template, '--columns-narrow': narrow.join(' '), '--row': `${rowHeight}px` };
  const reachable = Math.min(active, all.length - 1);

  return (
    <div className={classes.frame} style={style as React.CSSProperties}>
      {/* biome-ignore lint: rows of a virtual list cannot be rows of an HTML table */}
      <div role="table" aria-label={label} aria-rowcount={more ? -1 : all.length + 1} aria-busy={loading}>
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className={classes.head}>
            {columns.map((column) => (
              <div key={column.id} role="columnheader" className={cellClass(column)}>
                {column.header}
              </div>
            ))}
          </div>
        </div>
        <div
          role="rowgroup"
          ref={body}
          className={classes.body}
          style={{ height: virtual.getTotalSize() }}
          onKeyDown={pressed}
          onClick={clicked}
          onFocus={focused}
        >
          {shown.map(({ index, start }) => {
            const row = all[index];
            if (!row) return null;
            return (
              <Line
                key={row.id}
                row={row.original}
                columns={columns as readonly Column<object>[]}
                index={index}
                top={start - virtual.options.scrollMargin}
                opens={open !== undefined}
                reachable={index === reachable}
              />
            );
          })}
        </div>
      </div>
      {more && (
        <div className={classes.foot}>
          <Button variant="subtle" size="xs" loading={loading} onClick={more} aria-label={t`Show more of ${label}`}>
            <Trans>Show more</Trans>
          </Button>
        </div>
      )}
    </div>
  );
}

/** The row that something in the table is in. */
function indexOf(target: EventTarget): number | null {
  const line = (target as Element).closest('[data-row]');
  return line === null ? null : Number(line.getAttribute('data-row'));
}

function cellClass({ numeric, wideOnly }: Pick<Column<object>, 'numeric' | 'wideOnly'>): string {
  return [classes.cell, numeric && classes.numeric, wideOnly && classes.wideOnly].filter(Boolean).join(' ');
}

interface LineProps {
  readonly row: object;
  readonly columns: readonly Column<object>[];
  readonly index: number;
  readonly top: number;
  readonly opens: boolean;
  /** Whether Tab comes here. */
  readonly reachable: boolean;
}

const Line = memo(function Line({ row, columns, index, top, opens, reachable }: LineProps) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-row={index}
      data-opens={opens ? true : undefined}
      tabIndex={reachable ? 0 : -1}
      className={classes.row}
      style={{ transform: `translateY(${top}px)` }}
    >
      {columns.map((column) => (
        <div key={column.id} role="cell" className={cellClass(column)}>
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
});
