package hub

import (
	"context"
	"os"
	"sync"
	"time"
)

// held are the files being downloaded in this process, by path; the channel
// closes when the download ends.
var held struct {
	sync.Mutex
	files map[string]chan struct{}
}

// lock waits until nobody else downloads the file at path. The lock file stays
// behind: removing it would let two processes lock two files of one name.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	release, err := lockHere(ctx, path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		release()
		return nil, err
	}
	unlock = func() {
		f.Close() // releases the lock
		release()
	}
	wait := 10 * time.Millisecond
	for {
		ok, err := tryLock(f)
		if err == nil && !ok {
			err = sleep(ctx, wait)
			wait = min(2*wait, time.Second/2)
		}
		if err != nil {
			unlock()
			return nil, err
		}
		if ok {
			return unlock, nil
		}
	}
}

// lockHere keeps other goroutines off.
func lockHere(ctx context.Context, path string) (release func(), err error) {
	done := make(chan struct{})
	for {
		held.Lock()
		other, busy := held.files[path]
		if !busy {
			if held.files == nil {
				held.files = map[string]chan struct{}{}
			}
			held.files[path] = done
			held.Unlock()
			return func() {
				held.Lock()
				delete(held.files, path)
				held.Unlock()
				close(done)
			}, nil
		}
		held.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
