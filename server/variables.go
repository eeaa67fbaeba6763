package server

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/internal/core"
)

// coerce checks that the variables fit the types that the operation declares,
// exactly and before anything runs (GraphQL specification §6.1.2), and fills in
// defaults. The error names the variable's part that is wrong, never its value, and
// what it may be where the schema may be asked for.
func coerce(schema *ast.Schema, op *ast.OperationDefinition, given map[string]any, introspect bool) (map[string]any, error) {
	fits := make(map[string]any, len(op.VariableDefinitions))
	for _, v := range op.VariableDefinitions {
		value, there := given[v.Variable]
		if !there && v.DefaultValue != nil {
			def, err := v.DefaultValue.Value(nil)
			if err != nil {
				return nil, core.Invalid(v.Variable, "bad_value")
			}
			fits[v.Variable] = def
			continue
		}
		if err := fit(schema, v.Type, value, v.Variable); err != nil {
			return nil, untold(err, introspect)
		}
		if there {
			fits[v.Variable] = value
		}
	}
	return fits, nil
}

// untold leaves the choices out of an error where the schema may not be asked for.
func untold(err error, introspect bool) error {
	if problem, ok := errors.AsType[*core.Error](err); ok && problem.Reason == "bad_choice" && !introspect {
		return core.Invalid(problem.Field, "bad_value")
	}
	return err
}

func fit(schema *ast.Schema, t *ast.Type, value any, path string) error {
	if value == nil {
		if t.NonNull {
			return core.Invalid(path, "required")
		}
		return nil
	}
	if t.Elem != nil {
		return fitList(schema, t.Elem, value, path)
	}
	switch def := schema.Types[t.NamedType]; def.Kind {
	case ast.Enum:
		return fitEnum(def, value, path)
	case ast.InputObject:
		return fitObject(schema, def, value, path)
	default:
		return fitScalar(def.Name, value, path)
	}
}

func fitList(schema *ast.Schema, elem *ast.Type, value any, path string) error {
	items, ok := value.([]any)
	if !ok { // a single value stands for a list of one
		return fit(schema, elem, value, path)
	}
	for i, item := range items {
		if err := fit(schema, elem, item, path+"."+strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return nil
}

func fitEnum(def *ast.Definition, value any, path string) error {
	name, ok := value.(string)
	if !ok {
		return core.Invalid(path, "bad_value")
	}
	if def.EnumValues.ForName(name) == nil {
		choices := make([]string, len(def.EnumValues))
		for i, v := range def.EnumValues {
			choices[i] = v.Name
		}
		return core.Invalid(path, "bad_choice", "choices", strings.Join(choices, ", "))
	}
	return nil
}

func fitObject(schema *ast.Schema, def *ast.Definition, value any, path string) error {
	object, ok := value.(map[string]any)
	if !ok {
		return core.Invalid(path, "bad_value")
	}
	known := 0
	for _, f := range def.Fields {
		member, there := object[f.Name]
		if there {
			known++
		} else if f.DefaultValue != nil {
			continue
		}
		if err := fit(schema, f.Type, member, path+"."+f.Name); err != nil {
			return err
		}
	}
	if known < len(object) {
		return core.Invalid(path, "unknown_field")
	}
	return nil
}

// fitScalar checks the scalars of the language; the schema's own are checked
// where they are read.
func fitScalar(name string, value any, path string) error {
	ok := true
	switch name {
	case "String":
		_, ok = value.(string)
	case "Boolean":
		_, ok = value.(bool)
	case "Int":
		ok = isInt32(value)
	case "Float":
		_, ok = value.(json.Number)
	case "ID":
		_, text := value.(string)
		ok = text || isInt32(value)
	}
	if !ok {
		return core.Invalid(path, "bad_value")
	}
	return nil
}

func isInt32(value any) bool {
	number, ok := value.(json.Number)
	if !ok {
		return false
	}
	n, err := number.Int64()
	return err == nil && n >= math.MinInt32 && n <= math.MaxInt32
}
