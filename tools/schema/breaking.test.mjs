// The check must notice what it is there for (DEP-6).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakingChanges } from './breaking.mjs';
import { baseline } from './schema.mjs';

const released = baseline();
const field = /^ {2}cardCount: Int!$/m;
const fieldWithDescription = /^ {2}"""[^"]*"""\n {2}cardCount: Int!\n/m;
const argument = /^( {2}preview\()[^)]*\)/m;

test('the released schema breaks nothing of itself', async () => {
  assert.deepEqual(await breakingChanges(released, released), []);
});

test('a removed field breaks clients', async () => {
  assert.match(released, fieldWithDescription);
  const broken = await breakingChanges(released, released.replace(fieldWithDescription, ''));
  assert.equal(broken.length, 1);
  assert.match(broken[0], /'cardCount'.*removed/);
});

test('a field that may be null suddenly breaks clients', async () => {
  const broken = await breakingChanges(released, released.replace(field, '  cardCount: Int'));
  assert.equal(broken.length, 1);
});

test('a removed argument breaks clients', async () => {
  assert.match(released, argument);
  const broken = await breakingChanges(released, released.replace(argument, '  preview'));
  assert.equal(broken.length, 1);
});

test('a new field breaks nobody', async () => {
  const grown = released.replace(field, '  cardCount: Int!\n  viewCount: Int!');
  assert.deepEqual(await breakingChanges(released, grown), []);
});
