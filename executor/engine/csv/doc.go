// Package csv is Karuta's own reading of CSV files: it decides the encoding on the
// whole file, finds the delimiter, checks every row with line numbers, and infers
// the types of the columns over all rows. Its product is text that a database
// can load without guessing: UTF-8, LF line ends, no byte order mark, no header,
// no blank lines, every field properly quoted, cut at record boundaries into parts
// that can be loaded side by side.
//
// Nothing is rounded or reshaped silently: a column is a number, a date or true and
// false only where every value is, and where reading the value back would give the
// same value. Leading zeros, integers beyond int64 and numbers with more digits than
// a float keeps stay text.
package csv
