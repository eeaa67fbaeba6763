// Package todo is a small schema that is generated twice: in ours as Karuta's own
// is, in shipped by gqlgen alone. Tests compare what the two answer, benchmarks
// how fast. Nothing of it is part of the product.
package todo

//go:generate go tool gqlgen generate --config ours.yml
//go:generate go tool gqlgen generate --config shipped.yml --as-shipped
