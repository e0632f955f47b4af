package train

import (
	"math"
	"testing"
)

func TestDivergenceIsNoticed(t *testing.T) {
	ten, thousand := math.Log(10), math.Log(1000)
	falling := func(from, to float64, n int) (l []float64) {
		for i := range n {
			l = append(l, from+(to-from)*float64(i)/float64(n-1))
		}
		return l
	}
	for _, c := range []struct {
		name     string
		guessing float64
		losses   []float64 // 20 steps, epochs of 10
		at       int       // step of the warning; 0 none
	}{
		{"learns", ten, falling(2.5, 0.3, 20), 0},
		{"fine-tunes", ten, falling(0.22, 0.35, 20), 0},
		{"fine-tunes on ImageNet", thousand, falling(1.3, 1.9, 20), 0},
		{"learns nothing from scratch", ten, falling(2.31, 2.30, 20), 0},
		{"one bad batch", ten, append(append(falling(0.5, 0.5, 6), 30), falling(0.5, 0.5, 13)...), 0},
		{"explodes", ten, append(falling(3, 3, 6), falling(50, 275983, 14)...), 7},
		{"explodes from scratch", thousand, append(falling(7, 7, 10), falling(100, 1e9, 10)...), 11},
		{"explodes at once", ten, append([]float64{0.2, 11}, falling(20, 20000, 18)...), 5},
		{"explodes in three steps", ten, []float64{3, 40, 275983}, 3},
		{"three good steps", ten, []float64{3, 2, 2.5}, 0},
		{"forgets what it knew", ten, append([]float64{0.22}, falling(1.6, 2.3, 19)...), 10},
		{"forgets in the second epoch", thousand, append(falling(1.2, 1.5, 10), falling(6.9, 6.9, 10)...), 20},
	} {
		d := divergence{guessing: c.guessing}
		at := 0
		for i, loss := range c.losses {
			_, diverges := d.step(loss)
			if (i+1)%10 == 0 || i == len(c.losses)-1 {
				_, bad := d.epoch()
				diverges = diverges || bad
			}
			if diverges && at == 0 {
				at = i + 1
			}
		}
		if at != c.at {
			t.Errorf("%s: noticed behind step %d, want %d", c.name, at, c.at)
		}
	}
}

// A training tells of it once, also one that goes on from a checkpoint.
func TestDivergenceIsTold(t *testing.T) {
	wild := recipe()
	wild.Clip, wild.EMA, wild.Optimizer.LearningRate = 0, 0, 40
	for name, c := range map[string]struct {
		cfg  Config
		want int
	}{"wild": {wild, 1}, "calm": {recipe(), 0}} {
		tr := newTrainer(t, float(t, 1, 0), stripes(60), c.cfg)
		told := 0
		tr.OnDivergence = func(d Divergence) {
			told++
			if d.First > 3 || d.Loss < 3 || math.Abs(d.Guessing-math.Log(3)) > float64Bound || d.Step != tr.Step() {
				t.Errorf("%s: %+v", name, d)
			}
		}
		if err := tr.Run(t.Context()); err != nil {
			t.Logf("%s ended with: %v", name, err)
		}
		if told != c.want {
			t.Errorf("%s: told %d times, want %d", name, told, c.want)
		}
	}
}
