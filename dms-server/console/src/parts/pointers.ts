/** JSON pointers into a request, and the inputs that they mean. Pure. */

/** Whether a problem of `pointer` belongs to the input of `place`. */
export function belongs(pointer: string, place: string): boolean {
  return pointer === place || pointer.startsWith(`${place}/`);
}
