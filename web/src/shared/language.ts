// The two languages of the pages: the one a person chose here, else the
// browser's first that Karuta speaks, else Japanese.
export type Language = 'ja' | 'en';

const stored = 'karuta:language';

function spoken(tag: string): Language | undefined {
  const base = tag.toLowerCase().split('-')[0];
  return base === 'ja' || base === 'en' ? base : undefined;
}

function preferred(): Language {
  const chosen = spoken(localStorage.getItem(stored) ?? '');
  return chosen ?? navigator.languages.map(spoken).find((l) => l !== undefined) ?? 'ja';
}

export const language: Language = preferred();

/** Remembers the other language and shows the page in it. */
export function switchLanguage(): void {
  localStorage.setItem(stored, language === 'ja' ? 'en' : 'ja');
  location.reload();
}
