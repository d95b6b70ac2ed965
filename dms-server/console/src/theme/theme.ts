/** Colours, type and the defaults of controls. Every pair of colours is at least AA in both schemes. */

import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const tide: MantineColorsTuple = [
  '#e9f3fb',
  '#d4e5f4',
  '#a9cbe8',
  '#7cb1dd',
  '#5f9fd4',
  '#3d88c6',
  '#2775b5',
  '#1a659f',
  '#0f578c',
  '#074a79',
];

const dark: MantineColorsTuple = [
  '#d5dae1',
  '#b8c0ca',
  '#9aa4b0',
  '#8d97a3',
  '#353d48',
  '#2b323c',
  '#1d232b',
  '#14191f',
  '#0f1318',
  '#0a0d11',
];

export const theme = createTheme({
  primaryColor: 'tide',
  primaryShade: 7,
  colors: { tide, dark },
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", "Noto Sans KR", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace',
  headings: {
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.25' },
      h2: { fontSize: '1.125rem', lineHeight: '1.35' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // Fields beside one another stay in line, however long what is said of them.
    InputWrapper: { defaultProps: { inputWrapperOrder: ['label', 'input', 'description', 'error'] } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45, blur: 2 } } },
    Menu: { defaultProps: { shadow: 'md', position: 'bottom-end', withinPortal: true } },
  },
});

/** What the library's own choice of colours leaves below AA. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': '#59636e',
    '--mantine-color-placeholder': '#6b747e',
    '--mantine-color-error': '#b42318',
    '--mantine-color-anchor': '#1a659f',
    '--surface': '#ffffff',
    '--canvas': '#f6f8fa',
    '--line': '#dfe4ea',
    '--ok': '#14703a',
    '--busy': '#1a659f',
    '--warn': '#8a5300',
    '--bad': '#b42318',
    '--quiet': '#59636e',
  },
  dark: {
    '--mantine-color-dimmed': '#9aa4b0',
    '--mantine-color-placeholder': '#8d97a3',
    '--mantine-color-error': '#ff9a8f',
    '--mantine-color-anchor': '#7cb1dd',
    '--surface': '#1a2028',
    '--canvas': '#14191f',
    '--line': '#2f3741',
    '--ok': '#5ad08a',
    '--busy': '#7cb1dd',
    '--warn': '#f0b955',
    '--bad': '#ff9a8f',
    '--quiet': '#9aa4b0',
  },
});
