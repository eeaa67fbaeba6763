// Package guard holds back who asks too much, and who must not ask at all.
//
// Work is counted by class in windows of a minute: root fields for each person or
// key, changes of administrators, runs of cards for each dashboard. The counters
// are ulule/limiter's: in this process, or in Redis where several API processes
// are one. While Redis does not answer, each process counts for itself, so that
// neither everybody nor nobody is let through.
//
// What an administrator sets (another limit, a blocked network) is kept in the
// store and read by every process within seconds. Who came near a limit is kept
// for two weeks.
package guard
