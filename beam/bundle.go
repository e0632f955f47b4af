package octetbeam

import (
	"context"
	"runtime"
	"sync"
)

// slots bound how many shards this process computes at a time, whatever the number of its
// bundles: one for each core.
var slots = make(chan struct{}, runtime.GOMAXPROCS(0))

// bundle computes the shards of a bundle side by side, since some runners put all of them into
// one.
type bundle struct {
	group sync.WaitGroup
	once  sync.Once // opens data
	data  *set
	unfit error // of opening data

	mu     sync.Mutex // guards what follows, and what take changes
	broken []Broken
	err    error
}

// open opens the data of the bundle, for all of its shards.
func (b *bundle) open(d Data, classes bool) (*set, error) {
	b.once.Do(func() { b.data, b.unfit = d.open(classes) })
	return b.data, b.unfit
}

// start computes a shard as soon as there is a slot. take is called with what compute returns,
// one call at a time. The error is of a shard that was started before.
func start[T any](ctx context.Context, b *bundle, compute func(broken func(Broken)) (T, error), take func(T) error) error {
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	b.group.Go(func() {
		defer func() { <-slots }()
		var broken []Broken
		result, err := compute(func(one Broken) { broken = append(broken, one) })
		b.mu.Lock()
		defer b.mu.Unlock()
		if err == nil {
			err = take(result)
		}
		if b.err == nil {
			b.err = err
		}
		b.broken = append(b.broken, broken...)
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// finish waits for all shards, and passes on what could not be read.
func (b *bundle) finish(broken func(Broken)) error {
	b.group.Wait()
	if b.data != nil {
		b.data.close()
	}
	for _, one := range b.broken {
		broken(one)
	}
	return b.err
}
