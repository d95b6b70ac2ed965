/**
 * A list of any length: only the rows in view are in the page, further pages are asked for on the way down, and the
 * keyboard moves between rows (arrows or j and k), opens one (Enter), and leaves them with Tab.
 */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button } from '@mantine/core';
import { createColumnHelper, tableFeatures, useTable } from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
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
const OVERSCAN = 12;

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
  const pressed = (event: KeyboardEvent, index: number, row: Row) => {
    if (event.target !== event.currentTarget) return;
    const step = stepFor(event.key, index, all.length);
    if (step !== null) {
      event.preventDefault();
      focus(step);
    } else if (event.key === 'Enter' && open) {
      event.preventDefault();
      open(row);
    }
  };
  const clicked = (event: MouseEvent, row: Row) => {
    if ((event.target as Element).closest('a, button, input, [role="menu"]')) return;
    open?.(row);
  };
  const template = columns.map(({ width }) => width ?? 'minmax(0, 1fr)').join(' ');
  const narrow = columns.filter(({ wideOnly }) => !wideOnly).map(({ width }) => width ?? 'minmax(0, 1fr)');
  const style = { '--columns': template, '--columns-narrow': narrow.join(' '), '--row': `${rowHeight}px` };
  const cellClass = ({ numeric, wideOnly }: Column<Row>) =>
    [classes.cell, numeric && classes.numeric, wideOnly && classes.wideOnly].filter(Boolean).join(' ');

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
        <div role="rowgroup" ref={body} className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {shown.map(({ index, start }) => {
            const row = all[index];
            if (!row) return null;
            return (
              <div
                key={row.id}
                role="row"
                aria-rowindex={index + 2}
                data-row={index}
                data-opens={open ? true : undefined}
                tabIndex={index === Math.min(active, all.length - 1) ? 0 : -1}
                className={classes.row}
                style={{ transform: `translateY(${start - virtual.options.scrollMargin}px)` }}
                onKeyDown={(event) => pressed(event, index, row.original)}
                onClick={(event) => clicked(event, row.original)}
                onFocus={() => setActive(index)}
              >
                {row.getAllCells().map((cell, place) => {
                  const column = columns[place];
                  return column ? (
                    <div key={cell.id} role="cell" className={cellClass(column)}>
                      <table.FlexRender cell={cell} />
                    </div>
                  ) : null;
                })}
              </div>
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
