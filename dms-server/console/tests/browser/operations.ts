/** Which operation of the API a request is. */

/** Files and pages, which are no part of the API. */
const FILES = /^\/(console|portal|assets|branding)(\/|$)|^\/(favicon\.svg|setup|all|search|my|settings|device)?$|^\/(watch|t)\/[^/]+$/;

/** The operation, "file" for the page's own files, null for anything else. */
export function operationOf(method: string, path: string, operations: readonly string[]): string | null {
  if (method === 'GET' && FILES.test(path)) return 'file';
  const matches = (template: string) =>
    new RegExp(`^${template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path);
  return (
    operations.find((operation) => {
      const [name = '', template = ''] = operation.split(' ');
      return (name === method || (method === 'HEAD' && name === 'GET')) && matches(template);
    }) ?? null
  );
}
