// Package table is the storage port: a small set of operations on items with a
// partition key and a sort key, and ONE declarative list of the tables and
// indexes that exist ([Tables]).
//
// It has two engines with the same behaviour, held together by one contract
// suite: table/dynamo speaks to DynamoDB, table/embedded keeps a bbolt file.
// The port knows a closed set of conditions and no expressions; that keeps the
// embedded engine small, and it enforces DynamoDB's limits so that what works
// on a laptop works in production. There is no Scan.
package table
