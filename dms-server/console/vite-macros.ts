/** Runs Lingui's macro over the sources that use it: texts become calls with ids before anything else looks at them. */

import { transformAsync } from '@babel/core';
import type { Plugin } from 'vite';

/** The plugin. */
export function messageMacros(): Plugin {
  return {
    name: 'dms-messages',
    enforce: 'pre',
    async transform(code, id) {
      const [file = id] = id.split('?');
      if (!/\/src\/.*\.tsx?$/.test(file) || !/@lingui\/(core|react)\/macro/.test(code)) return null;
      const done = await transformAsync(code, {
        filename: file,
        babelrc: false,
        configFile: false,
        sourceMaps: true,
        plugins: ['@lingui/babel-plugin-lingui-macro'],
        parserOpts: { plugins: ['typescript', 'jsx'] },
      });
      return done?.code ? { code: done.code, map: done.map ?? null } : null;
    },
  };
}
