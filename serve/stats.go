package serve

import (
	"sync"
	"time"
)

// Duration counts events and how long they took together.
type Duration struct {
	Count uint64        // events
	Total time.Duration // of all of them
}

func (d *Duration) add(t time.Duration) {
	d.Count++
	d.Total += t
}

// Statistics are what a version has done since it was loaded.
type Statistics struct {
	Name, Version string    // of the model
	LastInference time.Time // when the last request came; zero where none did
	Inferences    uint64    // inputs that were computed: a request of a batch of 8 counts 8
	Executions    uint64    // computations
	Success       Duration  // requests that were answered, from their arrival to the answer
	Fail          Duration  // those that were not
	Queue         Duration  // waiting for a thread
	Input         Duration  // decoding and preparing images
	Infer         Duration  // computing
	Output        Duration  // selecting and classifying outputs
	Batches       []Batch   // by sizes, ascending
}

// Batch are the computations of one batch size.
type Batch struct {
	Size                 int      // of their first axis
	Input, Infer, Output Duration // as in Statistics
}

// Outcome is one request, as an Observer sees it.
type Outcome struct {
	Model, Version string // of what answered; the version is empty where none was found
	Err            *Error // nil of an answer
	Batch          int    // inputs computed; 0 where nothing was
	// Execution is the inputs of the computation that this request made, those of others that it
	// took along included; 0 where another took this one.
	Execution int
	// Total is all of its time; Queue, Input, Infer and Output are its parts as in
	// Statistics.
	Total, Queue, Input, Infer, Output time.Duration
	Panicked                           bool // the computation panicked, and was caught
}

// counters are the Statistics of a version that is served.
type counters struct {
	mu sync.Mutex
	s  Statistics
}

func (c *counters) add(o Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.s
	s.LastInference = time.Now()
	if o.Err != nil {
		s.Fail.add(o.Total)
		return
	}
	s.Success.add(o.Total)
	s.Inferences += uint64(o.Batch)
	s.Queue.add(o.Queue)
	s.Input.add(o.Input)
	s.Infer.add(o.Infer)
	s.Output.add(o.Output)
	if o.Execution == 0 {
		return
	}
	s.Executions++
	b := s.batch(o.Execution)
	b.Input.add(o.Input)
	b.Infer.add(o.Infer)
	b.Output.add(o.Output)
}

// maxBatches bounds the sizes that are counted apart; more are counted with the largest.
const maxBatches = 64

// batch is the entry of a size.
func (s *Statistics) batch(size int) *Batch {
	i := 0
	for i < len(s.Batches) && s.Batches[i].Size < size {
		i++
	}
	if i < len(s.Batches) && s.Batches[i].Size == size {
		return &s.Batches[i]
	}
	if len(s.Batches) == maxBatches {
		return &s.Batches[min(i, maxBatches-1)]
	}
	s.Batches = append(s.Batches, Batch{})
	copy(s.Batches[i+1:], s.Batches[i:])
	s.Batches[i] = Batch{Size: size}
	return &s.Batches[i]
}

// snapshot is a copy of the statistics.
func (c *counters) snapshot() Statistics {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.s
	s.Batches = append([]Batch(nil), s.Batches...)
	return s
}
