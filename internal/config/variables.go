package config

import (
	"reflect"
	"strings"
)

// variable is what the tags of one field of [Config] say.
type variable struct {
	field     string
	index     int
	kind      reflect.Kind
	name      string
	standard  string // the default, "" for none
	doc       string
	secret    bool
	localOnly bool
	choices   []string
	low, high string // "" for no bounds
}

var variables = readTags()

func readTags() []variable {
	t := reflect.TypeFor[Config]()
	var all []variable
	for i := range t.NumField() {
		f := t.Field(i)
		name, tagged := f.Tag.Lookup("env")
		if !tagged {
			continue
		}
		v := variable{
			field: f.Name, index: i, kind: f.Type.Kind(), name: name,
			standard: f.Tag.Get("envDefault"), doc: f.Tag.Get("doc"),
			secret:    f.Type == reflect.TypeFor[Secret](),
			localOnly: f.Tag.Get("only") == string(Local),
			choices:   strings.Fields(f.Tag.Get("oneof")),
		}
		v.low, v.high, _ = strings.Cut(f.Tag.Get("range"), " ")
		all = append(all, v)
	}
	return all
}
