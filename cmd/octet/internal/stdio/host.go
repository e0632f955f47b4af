package stdio

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/frame"
	"github.com/octet-ml/octet/serve"
)

// Version of the protocol; it changes when clients of the old one would misunderstand the new.
const Version = 1

// Request is the header of a frame from the client.
type Request struct {
	ID      uint64      `json:"id"`      // above 0, other than those in flight; the answer has it
	Op      string      `json:"op"`      // open, run, close, command or cancel
	Session uint64      `json:"session"` // above 0: what open, run and close are about
	Args    []string    `json:"args"`    // of open and command
	Tensors []ArrayInfo `json:"tensors"` // of a run by names: the payload has them in this order
	Tensor  *ArrayInfo  `json:"tensor"`  // of a run: the payload
	Images  []int       `json:"images"`  // bytes of each
	Top     int         `json:"top"`     // of a run: how many classes the answer lists; 0 for none
}

// Reply is the header of a frame to the client.
type Reply struct {
	ID       uint64                 `json:"id,omitempty"`       // of the request; 0 of what answers none
	Hello    *Hello                 `json:"hello,omitempty"`    // the first frame has it, no other
	Progress *console.ProgressEvent `json:"progress,omitempty"` // an event: the answer is still to come
	Note     string                 `json:"note,omitempty"`     // an event, too
	Arrays   []ArrayInfo            `json:"arrays,omitempty"`   // what the payload begins with, in order
	Document bool                   `json:"document,omitempty"` // the payload ends with JSON
	Error    *console.Failure       `json:"error,omitempty"`    // in place of an answer
}

// Hello describes the host, before the first request.
type Hello struct {
	Protocol   int    `json:"protocol"`    // the constant Version
	Version    string `json:"version"`     // of the program
	InFlight   int    `json:"in_flight"`   // how many runs and commands there may be at a time
	MaxPayload int    `json:"max_payload"` // of a frame, in bytes
}

// Program is the command line that a host carries.
type Program struct {
	Version string                                // for Hello
	Root    func(*console.Console) *cobra.Command // a new tree of commands
	// Execute runs a command of root with its arguments.
	Execute func(ctx context.Context, c *console.Console, root *cobra.Command, args []string) error
}

// host serves one client.
type host struct {
	program Program

	in    *frame.Reader
	out   *frame.Writer
	limit int // of runs and commands at a time

	tasks    sync.WaitGroup
	mu       sync.Mutex
	ending   bool // no more tasks are taken
	running  map[uint64]context.CancelFunc
	busy     int // runs and commands
	sessions map[uint64]*session
}

// New is a host that reads requests from in and answers on out once Serve is called.
func New(program Program, in io.Reader, out io.Writer) *host {
	return &host{
		program: program, in: frame.NewReader(in), out: frame.NewWriter(out),
		limit:   max(2, runtime.GOMAXPROCS(0)) + 1, // one is transmitted while all threads compute
		running: map[uint64]context.CancelFunc{}, sessions: map[uint64]*session{},
	}
}

// patience is how long Serve waits at its end for tasks that were cancelled.
const patience = 5 * time.Second

// Serve answers requests until the client has gone or ctx ends.
func (h *host) Serve(ctx context.Context) error {
	hello := &Hello{Version, h.program.Version, h.limit, frame.MaxPayload}
	if err := h.out.Write(Reply{Hello: hello}); err != nil {
		return exit.WithCode(exit.Output, err)
	}
	conversation, cancel := context.WithCancel(ctx)
	read := make(chan error, 1)
	go func() { read <- h.readAll(conversation) }()
	var err error
	select {
	case err = <-read:
	case <-ctx.Done(): // reading from a pipe cannot be interrupted
		err = ctx.Err()
	}
	cancel()
	h.end(patience)
	var protocol *protocolError
	if errors.As(err, &protocol) {
		h.out.Write(Reply{Error: console.NewFailure(exit.Usagef("%w", err))})
	}
	return err
}

// end gives tasks time to remove partial output.
func (h *host) end(limit time.Duration) {
	h.mu.Lock()
	h.ending = true
	h.mu.Unlock()
	done := make(chan struct{})
	go func() {
		h.tasks.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}

// protocolError says that the client's stream can no longer be decoded.
type protocolError struct{ err error }

func (e *protocolError) Error() string { return e.err.Error() }
func (e *protocolError) Unwrap() error { return e.err }

// readAll starts a task for every request until the input ends.
func (h *host) readAll(ctx context.Context) error {
	for {
		var q Request
		size, err := h.in.Next(&q)
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil // the client has gone
		case err != nil:
			return exit.WithCode(exit.Usage, &protocolError{err})
		case q.Op == "cancel":
			h.cancel(q.ID)
			continue
		}
		work, err := h.accept(q, size)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err == nil {
			err = h.start(ctx, q, work)
		}
		if err != nil {
			h.answer(ctx, q.ID, answer{}, err)
		}
	}
}

// work is what a request asks for. It must end soon after ctx does.
type work func(ctx context.Context) (answer, error)

// accept reads the payload of a request and returns its work.
func (h *host) accept(q Request, size int) (work, error) {
	switch q.Op {
	case "open":
		return h.open(q)
	case "run":
		return h.run(q, size)
	case "close":
		return h.close(q)
	case "command":
		return h.command(q)
	}
	return nil, exit.Usagef("unknown operation %q: use open, run, close, command or cancel", q.Op)
}

// start runs the work of a request on a goroutine of its own.
func (h *host) start(conversation context.Context, q Request, work work) error {
	counts := q.Op == "run" || q.Op == "command"
	ctx, cancel := context.WithCancel(conversation)
	if err := h.enter(q.ID, counts, cancel); err != nil {
		cancel()
		return err
	}
	go func() {
		defer h.tasks.Done()
		a, err := serve.Safely(func() (answer, error) { return work(ctx) }) // other sessions survive a panic
		h.leave(q.ID, counts)                                               // before the answer, after which the client may send the next
		cancel()
		h.answer(conversation, q.ID, a, err)
	}()
	return nil
}

func (h *host) enter(id uint64, counts bool, cancel context.CancelFunc) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ending:
		return console.ErrInterrupted
	case id == 0 || h.running[id] != nil:
		return exit.Usagef("request %d: requests in flight need different ids above 0", id)
	case counts && h.busy == h.limit:
		return exit.Usagef("more than %d runs and commands in flight: wait for answers", h.limit)
	}
	h.tasks.Add(1)
	h.running[id] = cancel
	if counts {
		h.busy++
	}
	return nil
}

func (h *host) leave(id uint64, counts bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.running, id)
	if counts {
		h.busy--
	}
}

func (h *host) cancel(id uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if cancel := h.running[id]; cancel != nil {
		cancel()
	}
}
