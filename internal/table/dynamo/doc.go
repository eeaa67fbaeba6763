// Package dynamo is the storage port on DynamoDB.
//
// A write whose answer is lost is sent again by the SDK. What keeps that
// harmless: a transaction carries a request token, by which the service knows
// what it has done already, and a conditional write goes as a transaction of
// one. An unconditional write may be done again as it is.
package dynamo
