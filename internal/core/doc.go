// Package core holds the ground everything else stands on: the nouns of Karuta
// (users, groups, datasets, cards, dashboards, shares, audit events), their ids,
// the permission levels, paging, the actor of a request, and errors with codes.
//
// It knows no storage, no transport and no GraphQL, and imports the standard
// library only. Nouns are plain structs with exported fields: behaviour lives in
// the rooms above. Times are UTC. Ids carry their noun as a prefix (see [NewID]).
package core
