import 'graphiql/style.css';
import './graphiql.css';
import './workers';
import { GraphiQL } from 'graphiql';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { language } from '../shared/language';
import { AttachButton, Attachment, useAttachment } from './attachment';
import { fetcherFor } from './fetcher';
import { Ready } from './ready';
import { SessionBar } from './session';
import { starters } from './starters';

function Explorer() {
  const attachment = useAttachment();
  return (
    <GraphiQL
      fetcher={fetcherFor(attachment.current)}
      defaultTabs={starters}
      defaultEditorToolsVisibility="variables"
      isHeadersEditorEnabled={false}
      shouldPersistHeaders={false}
    >
      <GraphiQL.Logo>
        <a className="karuta-logo" href="/">
          Karuta
        </a>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <AttachButton attachment={attachment} />
          </>
        )}
      </GraphiQL.Toolbar>
      <GraphiQL.Footer>
        <div className="karuta-footer">
          <Attachment attachment={attachment} />
          <SessionBar />
          <Ready />
        </div>
      </GraphiQL.Footer>
    </GraphiQL>
  );
}

document.documentElement.lang = language;
createRoot(document.getElementById('graphiql')!).render(
  <StrictMode>
    <Explorer />
  </StrictMode>,
);
