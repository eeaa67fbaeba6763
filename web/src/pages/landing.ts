import { element, show } from '../shared/page';
import { texts } from '../shared/texts';

const status = element('status');

async function tellStatus(): Promise<void> {
  status.textContent = texts.statusChecking;
  const ready = await fetch('/api/ready').then((r) => r.ok, () => false);
  status.textContent = ready ? texts.statusReady : texts.statusNotReady;
}

show('landingTitle');
void tellStatus();
