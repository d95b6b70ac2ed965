/** Files dropped anywhere in the console are uploaded. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Text, Title } from '@mantine/core';
import { IconCloudUpload } from '@tabler/icons-react';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { done, failed } from '~/parts/toast';
import { useMay } from '~/session/session';
import { uploads } from '.';
import classes from './DropAnywhere.module.css';
import { FILES_MAX } from './model';

/** Starts uploads, and says so. */
export function useAddFiles(): (files: readonly File[]) => void {
  const { t } = useLingui();
  return (files) => {
    const left = uploads.add(files, { kind: 'everybody' });
    if (left > 0) failed(t`Only the first ${FILES_MAX} files were taken; ${left} were left out.`);
  };
}

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') === true;
}

export function DropAnywhere() {
  const may = useMay('publish');
  const add = useAddFiles();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!may) return;
    let depth = 0;
    const mark = (next: number) => {
      depth = Math.max(0, next);
      setOver(depth > 0);
    };
    const enter = (event: DragEvent) => carriesFiles(event) && mark(depth + 1);
    const leave = (event: DragEvent) => carriesFiles(event) && mark(depth - 1);
    const hover = (event: DragEvent) => carriesFiles(event) && event.preventDefault();
    const drop = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      mark(0);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      add(files);
      const count = files.length;
      if (pathname !== '/uploads') {
        done(<Plural value={count} one="# file is being uploaded" other="# files are being uploaded" />);
        void navigate({ to: '/uploads' });
      }
    };
    document.addEventListener('dragenter', enter);
    document.addEventListener('dragleave', leave);
    document.addEventListener('dragover', hover);
    document.addEventListener('drop', drop);
    return () => {
      document.removeEventListener('dragenter', enter);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('dragover', hover);
      document.removeEventListener('drop', drop);
    };
  }, [may, add, navigate, pathname]);
  if (!over) return null;
  return (
    <div className={classes.veil}>
      <div className={classes.target}>
        <IconCloudUpload size={48} stroke={1.3} aria-hidden />
        <Title order={2}>
          <Trans>Drop to upload</Trans>
        </Title>
        <Text c="dimmed" size="sm">
          <Trans>Several files at once are fine.</Trans>
        </Text>
      </div>
    </div>
  );
}
