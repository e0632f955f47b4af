package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

var soak = flag.Duration("soak", time.Second, "how long many goroutines share sessions")

// Goroutines share sessions of whole models, with inputs of their own, some of them
// cancelled, and sessions come and go: answers stay, and nothing is left behind.
func TestSoak(t *testing.T) {
	seed := testseed.Of(t)
	type request struct{ x, want *tensor.Tensor }
	var programs []*engine.Program
	var requests [][]request
	models := []string{"shufflenet_v2_x0_5", "mobilenet_v2", "resnet18"}
	if testing.Short() {
		models = models[:1]
	}
	for i, arch := range models {
		g := quantized(t, arch, quant.FBGEMM, 48)
		one, err := engine.Compile(g, engine.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		many, err := engine.Compile(g, engine.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		var list []request
		for k, size := range []int{32, 48, 65} {
			x := hashweights.Images(1+k, 3, size, uint64(10*i+k))
			want, err := one.NewSession().Run(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, request{x, want[0]})
		}
		programs, requests = append(programs, many), append(requests, list)
	}
	shared := make([]*engine.Session, len(programs))
	for i, p := range programs {
		shared[i] = p.NewSession()
	}
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // which are the workers that all programs share
	end := time.Now().Add(*soak)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(worker)))
			for n := 0; n == 0 || time.Now().Before(end); n++ {
				i := r.IntN(len(programs))
				s, q := shared[i], requests[i][r.IntN(3)]
				if n%16 == 0 {
					s = programs[i].NewSession()
				}
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if r.IntN(4) == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(20))*time.Millisecond)
				}
				got, err := s.Run(ctx, q.x)
				cancel()
				if errors.Is(err, context.DeadlineExceeded) {
					continue
				}
				if err != nil || !bytes.Equal(got[0].Bytes(), q.want.Bytes()) {
					t.Errorf("worker %d, run %d: another answer than alone (%v)", worker, n, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
