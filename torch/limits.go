package torch

// Limits bound what a file may make the reader do. They are far above what real
// checkpoints of vision models need and low enough that a hostile file is
// refused within a second and 256 MB. The zero value of a field means its default.
type Limits struct {
	PickleBytes  int64 // bytes of one pickle; default 32 MiB
	Opcodes      int   // opcodes of one pickle; default 4 Mi
	Objects      int   // containers and memo entries of one pickle; default 1 Mi
	Stack        int   // values on the pickle stack; default 256 Ki
	Depth        int   // nesting of the tree; default 128
	Nodes        int   // nodes of the tree when shared parts are counted each time; default 16 Mi
	Rank         int   // axes of a tensor; default 64
	Records      int   // records of a zip or members of a tar; default 64 Ki
	InflateRatio int64 // inflated bytes allowed per byte of the file, beyond the first MiB; default 32
	ExpandRatio  int64 // bytes of loaded tensors allowed per byte of the file, beyond 16 MiB; default 4
	ExtraBytes   int64 // bytes of all extra records together; default 16 MiB
}

// DefaultLimits returns the limits that apply when none are given.
func DefaultLimits() Limits { return Limits{}.withDefaults() }

func (l Limits) withDefaults() Limits {
	orElse(&l.PickleBytes, 32<<20)
	orElse(&l.Opcodes, 4<<20)
	orElse(&l.Objects, 1<<20)
	orElse(&l.Stack, 256<<10)
	orElse(&l.Depth, 128)
	orElse(&l.Nodes, 16<<20)
	orElse(&l.Rank, 64)
	orElse(&l.Records, 64<<10)
	orElse(&l.InflateRatio, 32)
	orElse(&l.ExpandRatio, 4)
	orElse(&l.ExtraBytes, 16<<20)
	return l
}

func orElse[T int | int64](field *T, def T) {
	if *field <= 0 {
		*field = def
	}
}

// Option configures Open and Read.
type Option func(*Limits)

// WithLimits replaces the default limits, for files known to be larger.
func WithLimits(l Limits) Option { return func(dst *Limits) { *dst = l } }
