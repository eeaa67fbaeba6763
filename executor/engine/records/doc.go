// Package records reads files that are tables but not CSV: JSON lines, JSON
// arrays and Excel workbooks. It writes their records as the text that package
// csv reads, so that types, names and limits are the same whatever a table came
// in. It has no protection of its own against what a hostile file costs beyond
// its limits: call it in a process that can be spared.
package records
