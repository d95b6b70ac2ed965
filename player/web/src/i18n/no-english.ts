/** Takes the place of Media Chrome's English texts in the bundle: each of them is its own key, and stands for itself there. */

/** Nothing. */
export const En = {};
