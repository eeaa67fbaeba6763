// Package telemetry is how Karuta speaks to those who run it: the log, the ids
// that join its lines to a request, and counters.
//
// The log is JSON, one object a line, with the fields timestamp, level, logger,
// message, request_id, trace_id, user_id, operation and duration_ms. Personal
// data is masked on the way out, whoever wrote the line (see [Mask]); values
// under names such as "password" never appear. Technical detail and stacks
// belong here and nowhere else.
package telemetry
