import { ApiError, send } from '../shared/api';
import { language, type Language } from '../shared/language';
import { element, show } from '../shared/page';
import { texts } from '../shared/texts';

const form = element<HTMLFormElement>('form');
const email = element<HTMLInputElement>('email');
const password = element<HTMLInputElement>('password');
const submit = element<HTMLButtonElement>('submit');
const problem = element('problem');
const issuer = element<HTMLAnchorElement>('issuer');

// What the server says in the page itself, so that nothing appears later; pages of
// another server, such as Vite's, say nothing.
interface SignIn {
  issuer?: { name: string; address: string };
  problem?: Record<Language, string>;
  over?: boolean; // the way back from the issuer was of a sign-in that is over
  return: string;
}
const told = JSON.parse(
  document.querySelector<HTMLMetaElement>('meta[name="sign-in"]')?.content || '{"return":"/graphiql"}',
) as SignIn;

// The token is not asked for: this page lives on the session cookie.
const signInOperation = 'mutation SignIn($input: LoginInput!) { login(input: $input) { expiresIn } }';

function setBusy(busy: boolean): void {
  submit.setAttribute('aria-disabled', String(busy));
  submit.textContent = busy ? texts.signingIn : texts.signIn;
}

async function signIn(): Promise<void> {
  problem.textContent = '';
  setBusy(true);
  try {
    await send(signInOperation, { input: { email: email.value.trim(), password: password.value } });
    location.assign(told.return);
  } catch (error) {
    problem.textContent = error instanceof ApiError ? error.message : texts.offline;
    setBusy(false);
    (email.value ? password : email).focus();
  }
}

/** Offers the issuer, and says so while the browser is on its way there. */
function offerIssuer({ name, address }: { name: string; address: string }): void {
  const label = texts.signInWith.replace('{name}', () => name || texts.companyAccount);
  const setGoing = (going: boolean) => {
    issuer.setAttribute('aria-disabled', String(going));
    issuer.textContent = going ? texts.goingOn : label;
  };
  setGoing(false);
  issuer.href = address;
  issuer.hidden = element('or').hidden = false;
  issuer.addEventListener('click', (event) => {
    if (issuer.getAttribute('aria-disabled') === 'true') event.preventDefault();
    else if (!event.ctrlKey && !event.metaKey && !event.shiftKey) setGoing(true);
  });
  addEventListener('pageshow', () => setGoing(false)); // the way back shows the page as it was left
}

/** Tells what went wrong at the issuer. Whoever came here with the browser's back button may well be signed in. */
async function tellProblem(text: string): Promise<void> {
  history.replaceState(null, '', told.return); // the issuer's answer is over: loading anew must not send it again
  if (told.over) {
    try {
      await send('query WhoAmI { me { email } }');
      location.replace(told.return);
      return;
    } catch {
      // nobody is
    }
  }
  problem.textContent = text;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (submit.getAttribute('aria-disabled') !== 'true') void signIn();
});
element<HTMLInputElement>('reveal').addEventListener('change', (event) => {
  password.type = (event.target as HTMLInputElement).checked ? 'text' : 'password';
});
if (told.issuer) offerIssuer(told.issuer);
if (told.problem) void tellProblem(told.problem[language]);
if (!navigator.cookieEnabled) problem.textContent = texts.noCookies;
show('signinTitle');
email.focus(); // what is hidden until now takes no autofocus
