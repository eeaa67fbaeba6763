import { language, switchLanguage } from './language';
import { texts, type Key } from './texts';

/** Finds an element that the page's own HTML is known to have. */
export function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Writes the texts into the page (elements with data-text) and shows it. */
export function show(title: Key): void {
  document.documentElement.lang = language;
  document.title = texts[title];
  for (const node of document.querySelectorAll<HTMLElement>('[data-text]')) {
    node.textContent = texts[node.dataset.text as Key];
  }
  const toggle = element<HTMLButtonElement>('language');
  toggle.textContent = texts.otherLanguage;
  toggle.lang = language === 'ja' ? 'en' : 'ja';
  toggle.addEventListener('click', switchLanguage);
  document.documentElement.dataset.ready = '';
}
