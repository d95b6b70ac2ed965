/** A row of cards that scrolls to the side: by touch, by its buttons, and by the arrow keys. One stop of Tab is its place. */

import { useLingui } from '@lingui/react/macro';
import { ActionIcon, Text, Title as Heading } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { Title } from '~/api/titles';
import { Card } from './Card';
import classes from './Row.module.css';

/** What is in a row: a title, and what is known of this person and it. */
export interface RowItem {
  readonly title: Title;
  readonly seconds?: number | null;
}

interface Props {
  readonly name: string;
  /** Why these. */
  readonly lead?: string;
  readonly items: readonly RowItem[];
  /** Beside the name, such as a link to all of them. */
  readonly more?: ReactNode;
  /** Whether the cards begin where the person was. */
  readonly goesOn?: boolean;
}

export function Row({ name, lead, items, more, goesOn = false }: Props) {
  const { t } = useLingui();
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const [active, setActive] = useState(0);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const measure = () => setScrolls(element.scrollWidth > element.clientWidth);
    const watched = new ResizeObserver(measure);
    watched.observe(element);
    measure();
    return () => watched.disconnect();
  }, [items.length]);
  const current = Math.min(active, items.length - 1);
  const focus = (to: number) => {
    const next = Math.min(Math.max(0, to), items.length - 1);
    setActive(next);
    list.current?.querySelectorAll<HTMLElement>('[data-card]')[next]?.focus();
  };
  const pressed = (event: KeyboardEvent) => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset.card === undefined) return;
    const to = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    focus(to);
  };
  const scroll = (pages: number) => {
    const element = list.current;
    element?.scrollBy({ left: pages * element.clientWidth * 0.9, behavior: 'smooth' });
  };
  return (
    <section aria-labelledby={id} className={classes.row}>
      <div className={classes.head}>
        <Heading order={2} id={id}>
          {name}
        </Heading>
        {lead && (
          <Text size="sm" c="dimmed">
            {lead}
          </Text>
        )}
        <span className={classes.more}>{more}</span>
        <span className={classes.arrows} hidden={!scrolls}>
          <ActionIcon variant="default" radius="xl" tabIndex={-1} aria-label={t`Back in ${name}`} onClick={() => scroll(-1)}>
            <IconChevronLeft size={18} />
          </ActionIcon>
          <ActionIcon variant="default" radius="xl" tabIndex={-1} aria-label={t`Further in ${name}`} onClick={() => scroll(1)}>
            <IconChevronRight size={18} />
          </ActionIcon>
        </span>
      </div>
      <ul ref={list} className={classes.list} onKeyDown={pressed}>
        {items.map((item, at) => (
          <li key={item.title.id} onFocus={() => setActive(at)}>
            <Card {...item} goesOn={goesOn} reachable={at === current} />
          </li>
        ))}
      </ul>
    </section>
  );
}
