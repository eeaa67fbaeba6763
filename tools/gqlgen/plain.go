package main

import (
	_ "embed"
	"fmt"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed plain.gotpl
var plainTemplate string

// plainFields is the plugin: it writes plain.generated.go and remembers where
// gqlgen's own code is to begin with it.
type plainFields struct {
	Types []plainType
	Lists []plainList
	hooks []hook
}

type plainType struct {
	Name   string
	Type   types.Type // a pointer to a struct
	Fields []plainField
	All    []*codegen.Field
}

type plainField struct {
	Name    string
	Index   int
	Of      string // the object type of its values, "" where these are leaves
	Kind    string // "object", "list", or the method of the writer
	Value   string // the Go expression
	Base    string // the Go type that the writer's method takes, "" for what gqlgen's code marshals
	Marshal string // gqlgen's function
	Pointer bool
	NonNull bool

	NonNullElement bool
}

// plainList is a list of objects as gqlgen's code marshals it.
type plainList struct {
	Hook    string
	Type    types.Type
	Of      string
	Pointer bool
	NonNull bool // its elements
}

// Name is the plugin's, for gqlgen's messages.
func (*plainFields) Name() string { return "plain" }

// GenerateCode writes plain.generated.go. gqlgen calls it before it writes its own code.
func (p *plainFields) GenerateCode(data *codegen.Data) error {
	if len(data.AllDirectives.LocationDirectives("FIELD")) > 0 {
		return fmt.Errorf("directives for fields of documents would not see plain fields")
	}
	known := map[string]bool{}
	for _, o := range data.Objects {
		known[o.Name] = !o.Root && !o.IsReserved() && isStruct(o.Reference())
	}
	for _, o := range data.Objects {
		if known[o.Name] {
			p.addType(o, known)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(data.ReferencedTypes)) {
		p.addList(data.ReferencedTypes[key], known)
	}
	return templates.Render(templates.Options{
		PackageName: data.Config.Exec.Package, Filename: filepath.Join(data.Config.Exec.DirName, "plain.generated.go"),
		Template: plainTemplate, Data: p, GeneratedHeader: true, Packages: data.Config.Packages,
	})
}

func (p *plainFields) addType(o *codegen.Object, known map[string]bool) {
	t := plainType{Name: o.Name, Type: o.Reference(), All: o.Fields}
	for _, f := range o.Fields {
		if field, ok := plainOf(f, known); ok {
			field.Index = len(t.Fields)
			t.Fields = append(t.Fields, field)
		}
	}
	p.Types = append(p.Types, t)
	p.hooks = append(p.hooks, hook{"_" + o.Name, "plain" + o.Name + "(sel, obj)"})
}

func (p *plainFields) addList(ref *config.TypeReference, known map[string]bool) {
	if !ref.IsSlice() || !known[ref.Definition.Name] || ref.Elem().IsSlice() {
		return
	}
	name := "plain" + strings.TrimPrefix(ref.MarshalFunc(), "marshal")
	p.Lists = append(p.Lists, plainList{
		Hook: name, Type: ref.GO, Of: ref.Definition.Name, Pointer: ref.Elem().IsPtr(), NonNull: ref.Elem().GQL.NonNull,
	})
	p.hooks = append(p.hooks, hook{ref.MarshalFunc(), name + "(ctx, sel, v)"})
}

// plainOf is the field where its value stands in the object.
func plainOf(f *codegen.Field, known map[string]bool) (field plainField, ok bool) {
	byMethod := f.IsMethod() && f.NoErr && !f.VOkFunc && !f.MethodHasContext
	if f.IsResolver || f.IsBatch() || f.HasHaser || len(f.Args) > 0 || f.HasDirectives() || !f.IsVariable() && !byMethod {
		return field, false
	}
	ref := f.TypeReference
	field = plainField{
		Name: f.Name, Value: f.GoReceiverName + "." + f.GoFieldName, Marshal: ref.MarshalFunc(), Pointer: ref.IsPtr(), NonNull: ref.GQL.NonNull,
	}
	if byMethod {
		field.Value += "()"
	}
	switch {
	case ref.Definition.Kind == ast.Object:
		return field.objects(ref, known)
	case ref.Definition.IsLeafType():
		return field.leaf(ref), true
	}
	return field, false
}

func (field plainField) objects(ref *config.TypeReference, known map[string]bool) (plainField, bool) {
	field.Kind, field.Of = "object", ref.Definition.Name
	object := ref
	if ref.IsSlice() {
		object = ref.Elem()
		field.Kind, field.Pointer, field.NonNullElement = "list", object.IsPtr(), object.GQL.NonNull
	}
	return field, known[field.Of] && object.GQL.Elem == nil && (object.IsStruct() || isStruct(object.GO))
}

// leaf finds the writer's method for the field's values: one of its own for what
// gqlgen's own scalars are, else one that lets gqlgen's code do it.
func (field plainField) leaf(ref *config.TypeReference) plainField {
	field.Kind = "Leaf"
	if ref.IsContext {
		field.Kind = "Checked"
	}
	if ref.Marshaler == nil || ref.Marshaler.Pkg().Path() != "github.com/99designs/gqlgen/graphql" || ref.GQL.Elem != nil || ref.HasEnumValues() || ref.IsMarshaler || ref.IsPtrToPtr() {
		return field
	}
	switch ref.Marshaler.Name() {
	case "MarshalString", "MarshalID":
		field.Kind, field.Base = "String", "string"
	case "MarshalInt", "MarshalInt32", "MarshalInt64":
		field.Kind, field.Base = "Int", "int64"
	case "MarshalBoolean":
		field.Kind, field.Base = "Bool", "bool"
	}
	return field
}

// Null is what is done with a value that is nil.
func (field plainField) Null() string { return whereNil(field.NonNull) }

// NullElement is what is done with an element that is nil.
func (field plainField) NullElement() string { return whereNil(field.NonNullElement) }

func whereNil(nonNull bool) string {
	if nonNull {
		return "return false"
	}
	return "w.Null()\ncontinue"
}

func isStruct(t types.Type) bool {
	p, ok := t.(*types.Pointer)
	if !ok {
		return false
	}
	_, ok = p.Elem().Underlying().(*types.Struct)
	return ok
}
