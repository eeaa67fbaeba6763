// Package access decides who may do what. Its Gate stands in front of every
// service method (Require…) and of every batch that a loader reads (Filter…),
// so that no way to a noun goes unasked: root field, node, nested field, REST
// or operator verb.
//
// The level on a dashboard is the highest of owner, direct share and group
// share. A dataset or card is open to its owner, to administrators, and to read
// through a dashboard that holds it; an id alone opens nothing. Who may not
// view a thing is told NOT_FOUND, who may view but not do is told FORBIDDEN.
// An administrator views and manages everything but edits nobody's content.
// Every denial is handed to the audit log.
package access
