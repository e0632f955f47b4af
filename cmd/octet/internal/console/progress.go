package console

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// LineEvery is how often a stage reports itself where there is no terminal.
var LineEvery = 5 * time.Second

// eventEvery is how often a stage reports itself to a listener.
const eventEvery = 50 * time.Millisecond

// progress shows how far stages are: bars on a terminal, lines elsewhere, events
// where a program listens. At most one of them is set.
type progress struct {
	bars   *mpb.Progress
	lines  io.Writer
	events func(ProgressEvent)
	mu     sync.Mutex
}

// ProgressEvent is the JSON form of a stage's progress.
type ProgressEvent struct {
	Stage string `json:"stage"` // such as calibrate
	Unit  string `json:"unit"`  // of Done and Total, such as inputs
	Done  int    `json:"done"`  // at most Total, if that is known
	Total int    `json:"total"` // 0 where it is not known
}

// Stage is one bar: calibrate 120/512.
type Stage struct {
	owner *progress
	name  string
	unit  string
	total int

	bar   *mpb.Bar
	done  int
	began time.Time
	last  time.Time // line or event
}

// Begin starts a stage. total is 0 where it is not known beforehand.
func (c *Console) Begin(name, unit string, total int) *Stage {
	if c.Quiet {
		return SilentStage()
	}
	if c.progress == nil {
		c.progress = &progress{}
		if c.Listener != nil {
			c.progress.events = c.Listener.Progress
		} else if c.terminal {
			c.progress.bars = mpb.New(mpb.WithOutput(c.Err), mpb.WithWidth(40))
		} else {
			c.progress.lines = c.Err
		}
	}
	s := &Stage{owner: c.progress, name: name, unit: unit, total: total, began: time.Now(), last: time.Now()}
	if p := c.progress; p.bars != nil {
		s.bar = p.bars.New(int64(total), mpb.BarStyle().Lbound(" ").Rbound(" ").Filler("━").Tip("━").Padding("─"),
			mpb.PrependDecorators(decor.Name(name, decor.WC{C: decor.DindentRight | decor.DextraSpace, W: 18})),
			mpb.AppendDecorators(decor.CountersNoUnit("%d/%d "+unit), decor.Name("  "),
				decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "done")))
	} else if p.events != nil {
		p.events(s.event())
	}
	return s
}

// Expect sets the total, where Begin did not know it.
func (s *Stage) Expect(total int) {
	s.owner.mu.Lock()
	defer s.owner.mu.Unlock()
	if s.total = total; s.bar != nil {
		s.bar.SetTotal(int64(total), false)
	}
}

// SilentStage shows nothing: of work that is done already, or with --quiet.
func SilentStage() *Stage { return &Stage{owner: &progress{}, began: time.Now()} }

// Set says how much is done by now. It may be called from any goroutine.
func (s *Stage) Set(done int) {
	p := s.owner
	p.mu.Lock()
	defer p.mu.Unlock()
	s.done = done
	switch {
	case s.bar != nil:
		s.bar.SetCurrent(int64(done))
	case p.lines != nil && time.Since(s.last) >= LineEvery:
		s.last = time.Now()
		fmt.Fprintln(p.lines, s.describe()+s.remaining())
	case p.events != nil && time.Since(s.last) >= eventEvery:
		s.last = time.Now()
		p.events(s.event())
	}
}

// End closes the stage at its last state. A stage in which nothing was done is removed: it was
// refused, or there was nothing to do.
func (s *Stage) End() {
	p := s.owner
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case s.bar != nil && s.done == 0:
		s.bar.Abort(true)
	case s.bar != nil:
		s.bar.SetTotal(int64(s.done), true)
	case p.lines != nil && s.done > 0:
		fmt.Fprintf(p.lines, "%s, %s\n", s.describe(), time.Since(s.began).Round(10*time.Millisecond))
	case p.events != nil:
		p.events(s.event())
	}
}

func (s *Stage) event() ProgressEvent { return ProgressEvent{s.name, s.unit, s.done, s.total} }

func (s *Stage) describe() string {
	if s.total > 0 {
		return fmt.Sprintf("%s: %d/%d %s", s.name, s.done, s.total, s.unit)
	}
	return fmt.Sprintf("%s: %d %s", s.name, s.done, s.unit)
}

// remaining says how long the rest will take, if it goes on like this; empty where
// that is not known.
func (s *Stage) remaining() string {
	if s.done <= 0 || s.total <= s.done {
		return ""
	}
	left := time.Duration(float64(time.Since(s.began)) / float64(s.done) * float64(s.total-s.done))
	return fmt.Sprintf(", about %s left", left.Round(time.Second))
}

// write prints text above the bars; false where there are none.
func (p *progress) write(text string) bool {
	if p.bars == nil {
		return false
	}
	_, err := p.bars.Write([]byte(text))
	return err == nil
}

// close waits until the bars have been drawn for the last time. Stages that
// were left open by an error are dropped.
func (p *progress) close() {
	if p.bars != nil {
		p.bars.Shutdown()
	}
}
