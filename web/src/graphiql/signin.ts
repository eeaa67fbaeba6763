import { ApiError, send } from '../shared/api';
import { element, show } from '../shared/page';
import { texts } from '../shared/texts';

const form = element<HTMLFormElement>('form');
const email = element<HTMLInputElement>('email');
const password = element<HTMLInputElement>('password');
const submit = element<HTMLButtonElement>('submit');
const problem = element('problem');

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
    location.reload();
  } catch (error) {
    problem.textContent = error instanceof ApiError ? error.message : texts.offline;
    setBusy(false);
    (email.value ? password : email).focus();
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (submit.getAttribute('aria-disabled') !== 'true') void signIn();
});
element<HTMLInputElement>('reveal').addEventListener('change', (event) => {
  password.type = (event.target as HTMLInputElement).checked ? 'text' : 'password';
});
show('signinTitle');
