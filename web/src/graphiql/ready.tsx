import { useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';

/** Marks the page as busy until its editors are there: before, GraphiQL ignores a click on its execute button. */
export function Ready() {
  const ready = useGraphiQL((state) => Boolean(state.queryEditor && state.responseEditor));
  useEffect(() => document.getElementById('graphiql')!.setAttribute('aria-busy', String(!ready)), [ready]);
  return null;
}
