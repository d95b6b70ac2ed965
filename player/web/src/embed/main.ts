/** The player in a page of others: the same, without a page around it. */

// First of all: what is imported after it writes HTML.
import '../ui/trusted';
import { readAddress } from '../watch/address';
import { open } from '../watch/page';
import { narrowConnections } from '../watch/policy';

const address = readAddress(new URL(location.href));
narrowConnections(address.agent);
void open(address, async () => (await import('./around')).around);
