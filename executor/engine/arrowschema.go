package engine

import (
	"encoding/binary"
	"fmt"
)

// Slots of Arrow's footer, schema, field and message, as in format/File.fbs,
// format/Schema.fbs and format/Message.fbs.
const (
	footerSchema       = 1
	footerDictionaries = 2
	footerBatches      = 3
	messageMetadata    = 4
	schemaFields       = 1
	schemaMetadata     = 2
	fieldChildren      = 5
	fieldMetadata      = 6
)

const (
	footerTail = 4 + len("ARROW1") // the footer's size, and the mark at the end
	blockSize  = 24                // bytes of what the footer says of a batch: where it begins, two lengths
	// continued stands before the length of a message in files of today (format/Columnar.rst,
	// "Encapsulated message format").
	continued = 1<<32 - 1
)

// checkSchema looks at how much the footer of an Arrow file says that there is: Arrow makes room
// for so many columns before it looks for the first of them, and a process that has no
// such room ends. It panics where one of them reaches beyond the file.
func checkSchema(data []byte) error {
	end := len(data) - footerTail
	footer := data[end-int(binary.LittleEndian.Uint32(data[end:])) : end]
	root := flatTable{footer, int(binary.LittleEndian.Uint32(footer))}
	schema := root.table(footerSchema)
	if n := root.count(footerDictionaries); n > 0 {
		return fmt.Errorf("%d dictionaries", n)
	}
	columns := schema.count(schemaFields)
	if columns > maxTableColumns || schema.count(schemaMetadata) > maxTableMetadata {
		return fmt.Errorf("%d columns", columns)
	}
	for i := range columns {
		field := schema.element(schemaFields, i)
		if field.count(fieldChildren) > 0 || field.count(fieldMetadata) > maxTableMetadata {
			return fmt.Errorf("column %d is no simple one", i)
		}
	}
	return checkBatches(data, root)
}

// checkBatches looks at how many words of their own the batches say that they have,
// for which Arrow makes room, too.
func checkBatches(data []byte, root flatTable) error {
	batches := root.count(footerBatches)
	if batches > maxTableBatches {
		return fmt.Errorf("%d batches", batches)
	}
	for i := range batches {
		block := root.data[root.target(footerBatches)+4+blockSize*i:]
		message := data[binary.LittleEndian.Uint64(block):]
		if binary.LittleEndian.Uint32(message) == continued {
			message = message[4:]
		}
		message = message[4:]
		if n := (flatTable{message, int(binary.LittleEndian.Uint32(message))}).count(messageMetadata); n > maxTableMetadata {
			return fmt.Errorf("batch %d has %d words", i, n)
		}
	}
	return nil
}

// flatTable is a table of a FlatBuffers message.
type flatTable struct {
	data []byte
	at   int
}

func (t flatTable) number(at int) int { return int(binary.LittleEndian.Uint32(t.data[at:])) }

// target is where the value of a slot lies that is a table or a vector, 0 where it is left out.
func (t flatTable) target(slot int) int {
	slots := t.data[t.at-int(int32(t.number(t.at))):]
	entry := 4 + 2*slot
	if entry >= int(binary.LittleEndian.Uint16(slots)) {
		return 0
	}
	offset := int(binary.LittleEndian.Uint16(slots[entry:]))
	if offset == 0 {
		return 0
	}
	return t.at + offset + t.number(t.at+offset)
}

func (t flatTable) table(slot int) flatTable { return flatTable{t.data, t.target(slot)} }

// count is how many elements a vector says that it has.
func (t flatTable) count(slot int) int {
	if at := t.target(slot); at > 0 {
		return t.number(at)
	}
	return 0
}

// element is a table in a vector.
func (t flatTable) element(slot, i int) flatTable {
	at := t.target(slot) + 4 + 4*i
	return flatTable{t.data, at + t.number(at)}
}
