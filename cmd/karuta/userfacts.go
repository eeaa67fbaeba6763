package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/core"
)

type userSetAttributesCmd struct {
	Email      string   `required:"" help:"Address of the account." placeholder:"E"`
	Attributes []string `arg:"" optional:"" name:"name=value,value" help:"All attributes the person shall have; none takes all away. A value with a comma in it goes through the API alone."`
}

// Help shows an example.
func (userSetAttributesCmd) Help() string {
	return `Example: karuta user set-attributes --email hanako@example.com department=営業,企画 region=関東`
}

// Run gives the person the attributes.
func (u *userSetAttributesCmd) Run(sh *shell, c *cli) error {
	facts := app.UserFacts{Email: u.Email}
	for _, word := range u.Attributes {
		name, values, found := strings.Cut(word, "=")
		if !found {
			return usageError{fmt.Errorf("%q is not of the form name=value,value", word)}
		}
		facts.Attributes = append(facts.Attributes, core.Attribute{Name: name, Values: strings.Split(values, ",")})
	}
	var row app.UserRow
	if err := sh.operate(c, app.VerbUserSetAttributes, facts, nil, &row); err != nil {
		return err
	}
	return printFacts(sh.out, row)
}

type userSetPIICmd struct {
	Email  string `required:"" help:"Address of the account." placeholder:"E"`
	Access string `arg:"" enum:"on,off" help:"on or off."`
}

// Help shows an example.
func (userSetPIICmd) Help() string {
	return `Example: karuta user set-pii --email hanako@example.com on`
}

// Run lets the person see classified columns, or no longer.
func (u *userSetPIICmd) Run(sh *shell, c *cli) error {
	var row app.UserRow
	facts := app.UserFacts{Email: u.Email, PIIAccess: u.Access == "on"}
	if err := sh.operate(c, app.VerbUserSetPII, facts, nil, &row); err != nil {
		return err
	}
	return printFacts(sh.out, row)
}

func printFacts(out io.Writer, u app.UserRow) error {
	words := make([]string, len(u.Attributes))
	for i, a := range u.Attributes {
		words[i] = a.Name + "=" + strings.Join(a.Values, ",")
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tEMAIL\tPII\tATTRIBUTES")
	fmt.Fprintf(w, "%s\t%s\t%t\t%s\n", u.ID, u.Email, u.PIIAccess, strings.Join(words, " "))
	return w.Flush()
}
