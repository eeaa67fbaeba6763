package store

import (
	"encoding/json"
	"strconv"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// factDetails are the person's attributes and access to personal data as the
// history keeps them: they decide which rows of which dataset the person sees.
func factDetails(u *core.User) (map[string]string, error) {
	attributes, err := json.Marshal(u.Attributes)
	return map[string]string{"attributes": string(attributes), "pii_access": strconv.FormatBool(u.PIIAccess)}, err
}

func putAttributes(it table.Item, attributes map[string][]string) {
	if len(attributes) == 0 {
		return
	}
	lists := table.Item{}
	for name, values := range attributes {
		putStrings(lists, name, values)
	}
	it["attributes"] = map[string]any(lists)
}

func getAttributes(it table.Item) map[string][]string {
	lists, _ := it["attributes"].(map[string]any)
	if len(lists) == 0 {
		return nil
	}
	attributes := make(map[string][]string, len(lists))
	for name := range lists {
		attributes[name] = table.Item(lists).Strings(name)
	}
	return attributes
}
