import { fileURLToPath } from 'node:url';
import graphql from '@graphql-eslint/eslint-plugin';

// The rules of the contract (schema/) and of the documents that we ship.
const root = fileURLToPath(new URL('../..', import.meta.url));
const languageOptions = {
  parser: graphql.parser,
  parserOptions: {
    graphQLConfig: { schema: `${root}/schema/*.graphqls`, documents: `${root}/web/src/**/*.graphql` },
  },
};
const plugins = { '@graphql-eslint': graphql };

export default [
  {
    files: ['schema/*.graphqls'],
    languageOptions,
    plugins,
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      // Lists beside edges are welcome (nodes, columns), and an edge may lead to a value without an id.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
      // Our lists run forward only.
      '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
      // What has an id implements Node; values have none.
      '@graphql-eslint/strict-id-in-types': 'off',
      '@graphql-eslint/description-style': 'off',
      // Everything a client can name is described.
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          EnumValueDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
        },
      ],
      // One input a mutation, called input, of type <Mutation>Input.
      '@graphql-eslint/input-name': ['error', { checkInputType: true, caseSensitiveInputType: false }],
      // A payload with a scalar alone could never grow.
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      '@graphql-eslint/naming-convention': [
        'error',
        {
          types: 'PascalCase',
          FieldDefinition: { style: 'camelCase', forbiddenPrefixes: ['get'] },
          InputValueDefinition: 'camelCase',
          Argument: 'camelCase',
          DirectiveDefinition: 'camelCase',
          EnumValueDefinition: 'UPPER_CASE',
        },
      ],
    },
  },
  {
    files: ['web/src/**/*.graphql'],
    languageOptions,
    plugins,
    rules: {
      ...graphql.configs['flat/operations-recommended'].rules,
      // The starter tabs are read by people who learn: several operations in one tab.
      '@graphql-eslint/lone-executable-definition': 'off',
      '@graphql-eslint/require-selections': 'off',
    },
  },
];
