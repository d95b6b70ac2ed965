/**
 * Choosing the same file again. A browser tells of another file only: one that was put right and is chosen once more would
 * be passed over in silence, so the input forgets what it gave away.
 */

import { useRef } from 'react';

/** For `resetRef` of a field for files, and what a choice goes through. */
export function useChoice<Choice>(taken: (choice: Choice) => void): {
  readonly resetRef: React.RefObject<(() => void) | null>;
  readonly onChange: (choice: Choice) => void;
} {
  const resetRef = useRef<() => void>(null);
  const onChange = (choice: Choice) => {
    taken(choice);
    resetRef.current?.();
  };
  return { resetRef, onChange };
}
