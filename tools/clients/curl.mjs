// curl, as programs and people call it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { check, done, site } from './harness.mjs';

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'karuta-curl-'));
await writeFile(join(folder, 'sales.csv'), '支店,額\n東京,1\n大阪,2\n');

/** The status, the head and the body of an answer. */
async function curl(...args) {
  const { stdout } = await run('curl', ['-sS', '-i', ...args], { cwd: folder });
  const [head, ...body] = stdout.split('\r\n\r\n');
  const lines = head.split('\r\n').slice(1).map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]);
  return { status: Number(head.split(' ')[1]), head: Object.fromEntries(lines), body: body.join('\r\n\r\n') };
}
const url = `${site.url}/graphql`;
const me = ['-H', `Authorization: Bearer ${site.token}`];
const json = ['-H', 'Content-Type: application/json', '-d'];
const get = (query) => ['-G', '--data-urlencode', `query=${query}`];
const many = `{ ${Array.from({ length: 12 }, (_, i) => `a${i}: __type(name: "Dashboard") { fields { name description } }`).join(' ')} }`;

await check('the examples', async () => {
  const script = fileURLToPath(new URL('examples/curl.sh', import.meta.url));
  const { stdout } = await run('bash', ['-euo', 'pipefail', script], { cwd: folder, env: { ...process.env, api: site.url, token: site.token } });
  assert.match(stdout, /"nodes":\[/);
  assert.ok(stdout.includes(site.email));
  assert.match(stdout, /event: next\nid: \d+\ndata: .*"status":"SUCCEEDED","progress":1.*\n\nevent: complete/);
});

for (const [name, args, status, type, says] of [
  ['a query', [url, ...me, ...json, '{"query":"{ me { email } }"}'], 200, 'application/json', site.email],
  ['in the newer media type', [url, ...me, '-H', 'Accept: application/graphql-response+json', ...json, '{"query":"{ me { email } }"}'], 200, 'application/graphql-response+json', site.email],
  ['by GET', [url, ...me, ...get('{ me { email } }')], 200, 'application/json', site.email],
  ['by GET without a header', [url, ...get('{ serverInfo { env } }')], 403, 'application/json', 'FORBIDDEN'],
  ['a change by GET', [url, ...me, ...get('mutation { logout { loggedOut } }')], 405, 'application/json', '"errors"'],
  ['what is wrong, with 200', [url, ...me, ...json, '{"query":"{ unknown }"}'], 200, 'application/json', 'GRAPHQL_VALIDATION_FAILED'],
  ['what is wrong, in the newer media type', [url, ...me, '-H', 'Accept: application/graphql-response+json', ...json, '{"query":"{ unknown }"}'], 400, 'application/graphql-response+json', 'GRAPHQL_VALIDATION_FAILED'],
  ['a media type that there is not', [url, ...me, '-H', 'Accept: text/html', ...json, '{"query":"{ me { id } }"}'], 406, 'application/json', '"errors"'],
  ['a form', [url, ...me, '-d', 'query={ me { id } }'], 415, 'application/json', '"errors"'],
  ['a batch', [url, ...me, ...json, '[{"query":"{ me { id } }"}]'], 400, 'application/json', '"errors"'],
  ['PUT', ['-X', 'PUT', url, ...me, ...json, '{"query":"{ me { id } }"}'], 405, 'application/json', '"errors"'],
  ['a file without a header that a form cannot send', [url, '-F', 'operations={"query":"{ serverInfo { env } }"}', '-F', 'map={}'], 403, 'application/json', 'FORBIDDEN'],
  ['events without a sign-in', ['-N', url, '-H', 'Accept: text/event-stream', '-H', 'X-Karuta-Client: curl', ...get('subscription { serviceNotice { seq } }')], 200, 'text/event-stream', 'UNAUTHORIZED'],
  ['health', [`${site.url}/api/health`], 200, 'application/json', '{"status":"ok"}'],
  ['the runbook: ready', [`${site.url}/api/ready`], 200, 'application/json', '"status":"OK"'],
  ['the runbook: transforms', [`${site.url}/api/transforms`, ...me], 200, 'application/json', '"data":['],
  ['the runbook: the audit log, for administrators', [`${site.url}/api/audit-logs`, ...me], 403, 'application/json', 'FORBIDDEN'],
]) {
  await check(name, async () => {
    const answer = await curl(...args);
    assert.equal(answer.status, status, answer.body);
    assert.ok(answer.head['content-type'].startsWith(type), answer.head['content-type']);
    assert.ok(answer.body.includes(says), answer.body);
    if (status === 405) assert.match(answer.head.allow, /POST/);
  });
}

for (const encoding of ['gzip', 'br']) {
  await check(`a long answer, packed with ${encoding}`, async () => {
    const body = JSON.stringify({ query: many });
    const answer = await curl(url, '--compressed', '-H', `Accept-Encoding: ${encoding}`, ...me, ...json, body);
    assert.equal(answer.head['content-encoding'], encoding);
    assert.equal(JSON.parse(answer.body).data.a0.fields[0].name, 'id');
  });
}

await rm(folder, { recursive: true });
done();
