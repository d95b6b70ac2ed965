/** A field for a secret; its button that shows what was typed says so in the person's language. */

import { useLingui } from '@lingui/react/macro';
import { PasswordInput, type PasswordInputProps } from '@mantine/core';

export function PasswordField(props: PasswordInputProps) {
  const { t } = useLingui();
  return (
    <PasswordInput
      visibilityToggleButtonProps={{ 'aria-label': t`Show what is typed` }}
      aria-invalid={props.error ? true : undefined}
      {...props}
    />
  );
}
