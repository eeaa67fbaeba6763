package core

// Claims is what an issuer says of a person who has signed in with it, after its
// signature was checked.
type Claims struct {
	Issuer   string // as it is configured
	Subject  string // never changes, and names the person within the issuer
	Email    string // as the issuer writes it, "" where it tells none
	Verified bool   // the issuer vouches for the address
	Name     string // "" where it tells none
	Groups   []string
	Grouped  bool // the groups are told, be they none
}
