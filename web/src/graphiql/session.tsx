import { useEffect, useState } from 'react';
import { ApiError, send, signOut } from '../shared/api';
import { texts } from '../shared/texts';

/** Says who is signed in and lets them sign out. */
export function SessionBar() {
  const [email, setEmail] = useState('');
  const [problem, setProblem] = useState('');
  const tell = (error: unknown) => setProblem(error instanceof ApiError ? error.message : texts.offline);

  useEffect(() => {
    send<{ me: { email: string } }>('query WhoAmI { me { email } }').then((answer) => setEmail(answer.me.email), tell);
  }, []);
  return (
    <span className="karuta-session">
      <span role="alert">{problem}</span>
      {email && `${texts.signedInAs} ${email}`}
      <button type="button" className="karuta-link" onClick={() => void signOut().catch(tell)}>
        {texts.signOut}
      </button>
    </span>
  );
}
