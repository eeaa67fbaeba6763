package schema

// Node is any object that has an id of its own: a pointer to one of core's nouns.
type Node any

// Principal is a *core.User or a *core.Group.
type Principal any
