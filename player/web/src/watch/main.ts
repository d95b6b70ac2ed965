/** The watch page. */

// First of all: what is imported after it writes HTML.
import '../ui/trusted';
import { readAddress } from './address';
import { open } from './page';
import { narrowConnections } from './policy';

const address = readAddress(new URL(location.href));
narrowConnections(address.agent);
void open(address, async () => {
  const { Around } = await import('./around');
  return (parts) => new Around(parts);
});
