/** Uploading: choose or drop files, see how far they are, and say who sees them once they are ready. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, FileButton, Stack, Text, Title } from '@mantine/core';
import { IconCloudUpload, IconMovie } from '@tabler/icons-react';
import { useEffect } from 'react';
import { isBusy, useRecentTitles } from '~/api/titles';
import { useChoice } from '~/parts/choose-again';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { Panel } from '~/parts/Panel';
import { uploads, useUploads } from '~/uploads';
import { useAddFiles } from '~/uploads/DropAnywhere';
import { Preparing } from './Preparing';
import { ProfileField } from './ProfileField';
import { UploadRow } from './UploadRow';
import classes from './UploadsPage.module.css';

/** What browsers offer in the file dialog; the server looks at the content. */
const ACCEPT = 'video/*,audio/*,.mkv,.ts,.mxf';

export default function UploadsPage() {
  const { t } = useLingui();
  const items = useUploads();
  const add = useAddFiles();
  const choice = useChoice((files: File[]) => add(files));
  const titles = useRecentTitles();
  useEffect(() => void uploads.findUnfinished(), []);
  const busy = titles.data?.items.filter(isBusy) ?? [];
  return (
    <>
      <PageHeader
        title={t`Uploads`}
        lead={t`Each file becomes a title. What was sent survives a reload, a sleep and a lost network.`}
      />
      <Stack gap="lg">
        <div className={classes.drop}>
          <IconCloudUpload size={36} stroke={1.3} aria-hidden className={classes.cloud} />
          <div>
            <Title order={2}>
              <Trans>Drop videos anywhere on this page</Trans>
            </Title>
            <Text c="dimmed" size="sm">
              <Trans>Or choose them. Anything that FFmpeg reads is fine: MP4, MOV, MKV, MXF and more.</Trans>
            </Text>
          </div>
          <FileButton {...choice} accept={ACCEPT} multiple>
            {(props) => (
              <Button {...props} size="md">
                <Trans>Choose files</Trans>
              </Button>
            )}
          </FileButton>
        </div>
        <ProfileField />
        {items.length > 0 && (
          <Panel title={t`In this browser`} flush>
            <ul className={classes.list}>
              {items.map((item) => (
                <UploadRow key={item.id} item={item} />
              ))}
            </ul>
          </Panel>
        )}
        {titles.isPending && <Loading rows={2} />}
        {titles.isError && <ErrorState error={titles.error} retry={titles.refetch} />}
        {busy.length > 0 && (
          <Panel title={t`Being prepared on the server`} flush>
            <ul className={classes.list}>
              {busy.map((title) => (
                <Preparing key={title.id} title={title} />
              ))}
            </ul>
          </Panel>
        )}
        {items.length === 0 && titles.isSuccess && busy.length === 0 && (
          <EmptyState icon={IconMovie} title={t`Nothing is being uploaded`}>
            <Trans>
              Files that are on their way, and titles that are being transcoded and sealed, are shown here until they can
              be watched.
            </Trans>
          </EmptyState>
        )}
      </Stack>
    </>
  );
}
