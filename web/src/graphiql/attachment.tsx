import { ToolbarButton } from '@graphiql/react';
import { useRef, useState } from 'react';
import { language } from '../shared/language';
import { texts } from '../shared/texts';

/** The file that variables of type Upload are filled with. */
export interface AttachmentState {
  current: File | null;
  set(file: File | null): void;
}

export function useAttachment(): AttachmentState {
  const [current, set] = useState<File | null>(null);
  return { current, set };
}

const size = new Intl.NumberFormat(language, { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 0 });

/** Opens the file dialogue. */
export function AttachButton({ attachment }: { attachment: AttachmentState }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <ToolbarButton label={texts.attachFile} onClick={() => input.current?.click()}>
        <svg className="graphiql-toolbar-icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true">
          <path d="M21 11.5 12.2 20a5.5 5.5 0 0 1-7.800-7.800l9-8.700a3.700 3.700 0 0 1 5.200 5.200l-9 8.700a1.800 1.800 0 0 1-2.600-2.600l8-7.700" />
        </svg>
      </ToolbarButton>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={texts.attachFile}
        onChange={(event) => {
          attachment.set(event.target.files?.[0] ?? null);
          event.target.value = '';
        }}
      />
    </>
  );
}

/** Names the attached file and lets go of it. */
export function Attachment({ attachment }: { attachment: AttachmentState }) {
  const file = attachment.current;
  return (
    <span role="status">
      {file && (
        <>
          {file.name} ({size.format(Math.ceil(file.size / 1000))}){' '}
          <button type="button" className="karuta-link" onClick={() => attachment.set(null)}>
            {texts.detachFile}
          </button>
        </>
      )}
    </span>
  );
}
