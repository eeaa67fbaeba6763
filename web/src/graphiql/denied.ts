import { ApiError, send, signOut } from '../shared/api';
import { element, show } from '../shared/page';
import { texts } from '../shared/texts';

const problem = element('problem');

function tell(error: unknown): void {
  problem.textContent = error instanceof ApiError ? error.message : texts.offline;
}

element('signout').addEventListener('click', () => void signOut().catch(tell));
show('deniedTitle');
send<{ me: { email: string } }>('query WhoAmI { me { email } }')
  .then((answer) => (element('who').textContent = answer.me.email))
  .catch(tell);
