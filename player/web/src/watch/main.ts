/** The watch page. */

// First of all: what is imported after it writes HTML.
import '../ui/trusted';
import { readAddress } from './address';
import { open } from './page';
import { narrowConnections } from './policy';

const served = document.querySelector<HTMLMetaElement>('meta[name="dms-portal-network"]')?.content ?? '';
const address = readAddress(new URL(location.href));
if (served.startsWith('agent ')) {
  // The agent of this PC serves the page, and says where the DMS has it.
  void import('../served/main').then(({ begin }) => begin(address, served.slice(6)));
} else {
  narrowConnections(address.agent);
  void open(address, async () => {
    const { Around } = await import('./around');
    return (parts) => new Around(parts);
  });
}
