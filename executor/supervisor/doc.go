// Package supervisor runs people's Python. It keeps one warm interpreter (the
// zygote) with pandas imported and forks it once for every run, so that a card
// starts in milliseconds and nothing of one run is left for the next.
//
// Code that people write is treated as hostile. A run is a process of its own
// behind several layers: a system call allowlist, a file view that ends at the
// Python folder, a user of its own, kernel limits, and this package, which holds
// the clock and the memory and kills without asking. What a run answers is read
// as hostile bytes: how the process ended decides, not what it said.
//
// No code or data of a run passes through the zygote: they travel as file
// descriptors from here to the forked child. At start attacks are run in real
// children (the canaries); where a required layer does not hold, Python is
// refused and [Supervisor.Isolation] says why.
package supervisor
