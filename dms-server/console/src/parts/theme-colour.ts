/** The theme's colours for what is drawn on a canvas, which style sheets do not reach. */

/** The theme's colours, by their names in the style sheet. */
export type Colour = (name: string) => string;

/** A colour as it is in the scheme that is on. */
export const colour: Colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim() || 'gray';
