// Package dashboard holds what people do with dashboards: lay cards on a page,
// define its filters, and share it.
//
// A share of a dashboard is the boundary of the data: it lets people see the
// results of every card on it. So a card can only be laid on a page by someone
// who may read the card and its dataset by their own right, and every change of
// who sees what is written to the access history and the audit log in the
// transaction that makes it.
package dashboard
