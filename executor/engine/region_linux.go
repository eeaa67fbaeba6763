package engine

import "golang.org/x/sys/unix"

const firstRegion = 64 << 10 // bytes

// region is memory that grows without being copied, and that the system has back as
// soon as it is freed, so that a worker's peak is what it holds.
type region struct {
	bytes  []byte // what is used
	mapped []byte
}

// extend makes the region longer and returns what is new, filled with zeros. It
// panics with errNoMemory where there is none left.
func (r *region) extend(n int) []byte {
	used := len(r.bytes)
	if used+n > len(r.mapped) {
		r.remap(max(2*len(r.mapped), used+n, firstRegion))
	}
	r.bytes = r.mapped[:used+n]
	return r.bytes[used:]
}

func (r *region) remap(size int) {
	var err error
	if r.mapped == nil {
		r.mapped, err = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	} else {
		r.mapped, err = unix.Mremap(r.mapped, size, unix.MREMAP_MAYMOVE)
	}
	if err != nil {
		panic(errNoMemory)
	}
}

// free gives the memory back; nobody may use the bytes any more.
func (r *region) free() {
	if r.mapped != nil {
		_ = unix.Munmap(r.mapped)
	}
	*r = region{}
}
