package stdio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// session is a model that a client keeps open. All but ready is set before
// ready is closed and not changed later.
type session struct {
	*serve.Session
	ready chan struct{}
	err   error // why it could not be opened
	spare spareTensors
}

// SessionInfo is the document of an opened session.
type SessionInfo struct {
	Model       string         `json:"model"`             // the path that was opened
	Arch        string         `json:"arch"`              // as zoo names it
	Kind        string         `json:"kind"`              // float or int8
	Backend     octet.Backend  `json:"backend,omitempty"` // whose rules it runs by; empty for float
	Channels    int            `json:"channels"`          // of an input image
	Classes     int            `json:"classes"`           // outputs of the model
	Labels      []string       `json:"labels,omitempty"`  // names of the classes; absent where unknown
	Preset      *vision.Preset `json:"preset,omitempty"`  // nil where images cannot be prepared
	Inputs      []PortInfo     `json:"inputs"`            // what runs by names take
	Outputs     []PortInfo     `json:"outputs,omitempty"` // and give, where the file says so
	Assumptions []string       `json:"assumptions"`       // sentences: what the file does not say
}

// PortInfo is an octet.ValueInfo in a document.
type PortInfo struct {
	Name  string       `json:"name"`           // as the file has it
	DType tensor.DType `json:"dtype"`          // of the elements
	Shape []int        `json:"shape"`          // -1 where any size will do
	Dims  []string     `json:"dims,omitempty"` // names of extents that are free
}

func portsOf(list []octet.ValueInfo) []PortInfo {
	ports := make([]PortInfo, 0, len(list))
	for _, v := range list {
		ports = append(ports, PortInfo{v.Name, v.DType, v.Shape, v.Dims})
	}
	return ports
}

// open begins to open a session; runs may be sent at once and wait for it. A session that
// failed to open keeps its number and its error, which runs return, until it is closed or
// opened again.
func (h *host) open(q Request) (work, error) {
	s := &session{ready: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := h.sessions[q.Session]; q.Session == 0 || old != nil && !old.failed() {
		return nil, exit.Usagef("session %d: open sessions need different numbers above 0", q.Session)
	}
	h.sessions[q.Session] = s
	return func(ctx context.Context) (a answer, err error) {
		defer close(s.ready)
		s.err = errors.New("opening the session failed unexpectedly") // in case the next line panics
		a, s.err = h.execute(ctx, q.ID, nil, func(c *console.Console) *cobra.Command { return newOpenCommand(c, s) }, q.Args)
		return a, s.err
	}, nil
}

// failed reports whether the session could not be opened.
func (s *session) failed() bool {
	select {
	case <-s.ready:
		return s.err != nil
	default:
		return false
	}
}

// newOpenCommand opens a model as `octet run` does, for a client.
func newOpenCommand(c *console.Console, s *session) *cobra.Command {
	f := &inputs.ModelFlags{}
	var o serve.SessionOptions
	cmd := &cobra.Command{
		Use: "open MODEL.pth", Args: cobra.ExactArgs(1), SilenceErrors: true, SilenceUsage: true,
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			if o.Threads < 0 {
				return exit.Usagef("--threads %d: 0 or more", o.Threads)
			}
			model, err := f.Open(c, cmd, args[0])
			if err != nil {
				return err
			}
			o.Decoding = o.Threads
			if s.Session, err = serve.NewSession(model, o); err != nil {
				return exit.WithCode(exit.Model, err)
			}
			return c.Result(s.describe(args[0], model), nil)
		}),
	}
	f.Register(cmd)
	cmd.Flags().IntVar(&o.Threads, "threads", 0, "CPU threads; 0 uses all; results do not depend on it")
	cmd.Flags().BoolVar(&o.FiniteInputs, "strict", false, "refuse inputs with NaN or infinite values")
	cmd.Flags().BoolVar(&o.Decoder.Upright, "exif", false, inputs.ExifUsage)
	console.SetUsageArgs(cmd)
	return cmd
}

// describe is what a client is told of the model.
func (s *session) describe(name string, m *octet.Model) SessionInfo {
	info := SessionInfo{
		Model: name, Arch: m.Arch(), Kind: inputs.KindOf(m), Backend: m.Backend(),
		Channels: m.Channels(), Classes: m.Classes(), Assumptions: append([]string{}, inputs.Texts(m.Assumptions())...),
	}
	info.Inputs = portsOf(s.Inputs())
	if outputs, err := s.Outputs(); err == nil { // an architecture's depend on the input's shape
		info.Outputs = portsOf(outputs)
	}
	labels, assumed := s.Labels()
	if info.Labels = labels; assumed && labels != nil {
		info.Assumptions = append(info.Assumptions, inputs.LabelsAssumed(labels))
	}
	if preset, assumed, err := s.Preset(); err == nil {
		info.Preset = &preset
		if assumed {
			info.Assumptions = append(info.Assumptions, inputs.PresetAssumed(preset))
		}
	}
	return info
}

func (h *host) close(q Request) (work, error) {
	if _, err := h.session(q.Session); err != nil {
		return nil, err
	}
	h.mu.Lock()
	delete(h.sessions, q.Session) // runs that have begun go on to their end
	h.mu.Unlock()
	return func(context.Context) (answer, error) { return answer{}, nil }, nil
}

func (h *host) session(number uint64) (*session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sessions[number]; s != nil {
		return s, nil
	}
	return nil, exit.Usagef("session %d is not open", number)
}

// run reads the input of a run.
func (h *host) run(q Request, size int) (work, error) {
	s, err := h.session(q.Session)
	if err != nil {
		return nil, err
	}
	compute, err := h.computation(s, q, size)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (answer, error) {
		select {
		case <-s.ready:
		case <-ctx.Done():
			return answer{}, console.ErrInterrupted
		}
		if s.err != nil {
			return answer{}, s.err
		}
		a, err := compute(ctx)
		return a, exit.WithCode(exit.Data, err)
	}, nil
}

// computation reads the input of a run, and returns what computes it once the session is
// ready.
func (h *host) computation(s *session, q Request, size int) (work, error) {
	switch {
	case len(q.Tensors) > 0:
		named, err := h.readNamed(s, q.Tensors, size)
		return func(ctx context.Context) (answer, error) { return s.runNamed(ctx, named) }, err
	case len(q.Images) > 0:
		images, err := h.readImages(q.Images, size)
		return func(ctx context.Context) (answer, error) {
			x, err := s.Prepare(ctx, images)
			if err != nil {
				return answer{}, err
			}
			return s.runOne(ctx, x, q.Top)
		}, err
	}
	x, err := h.readTensor(s, q.Tensor, size)
	return func(ctx context.Context) (answer, error) {
		a, err := s.runOne(ctx, x, q.Top)
		s.spare.put(x)
		return a, err
	}, err
}

// runOne computes the only output of the only input.
func (s *session) runOne(ctx context.Context, x *tensor.Tensor, top int) (answer, error) {
	y, err := s.Run(ctx, x)
	if err != nil {
		return answer{}, err
	}
	return s.outcome(y, top)
}

// runNamed computes all outputs of named inputs.
func (s *session) runNamed(ctx context.Context, named map[string]*tensor.Tensor) (answer, error) {
	results, err := s.RunNamed(ctx, named)
	for _, x := range named {
		s.spare.put(x)
	}
	var a answer
	for _, name := range slices.Sorted(maps.Keys(results)) {
		a.arrays = append(a.arrays, console.NamedTensor{Name: name, Tensor: results[name]})
	}
	return a, err
}

// outcome is the logits, or the most probable classes.
func (s *session) outcome(logits *tensor.Tensor, top int) (answer, error) {
	if top <= 0 {
		return answer{arrays: []console.NamedTensor{{Name: "output", Tensor: logits}}}, nil
	}
	rows := serve.ClassRows(logits)
	if rows == nil {
		return answer{}, fmt.Errorf("the output is %v, which are no classes: float32 [N, classes] is; ask for its numbers", logits)
	}
	labels, _ := s.Labels()
	all := make([][]octet.Prediction, len(rows))
	for i, row := range rows {
		all[i] = octet.TopK(row, top, labels)
	}
	return answer{document: all}, nil
}

// readTensor reads the payload straight into a tensor, if possible one that an earlier run no
// longer needs.
func (h *host) readTensor(s *session, info *ArrayInfo, size int) (*tensor.Tensor, error) {
	if info == nil {
		return nil, exit.Usagef("run needs a tensor or images")
	}
	bytes, err := info.bytes(size)
	if err != nil {
		return nil, err
	}
	if bytes != size {
		return nil, exit.Usagef("%d bytes of data do not fill %v%v", size, info.DType, info.Shape)
	}
	return h.fill(s, info)
}

// readNamed reads the tensors of a run by names.
func (h *host) readNamed(s *session, infos []ArrayInfo, size int) (map[string]*tensor.Tensor, error) {
	left, named := size, map[string]*tensor.Tensor{}
	for i := range infos {
		bytes, err := infos[i].bytes(left)
		if err != nil {
			return nil, err
		}
		left -= bytes
		if named[infos[i].Name] != nil {
			return nil, exit.Usagef("the input %q is given twice", infos[i].Name)
		}
		if named[infos[i].Name], err = h.fill(s, &infos[i]); err != nil {
			return nil, err
		}
	}
	if left > 0 {
		return nil, exit.Usagef("%d bytes of data are left over behind %d tensors", left, len(infos))
	}
	return named, nil
}

// bytes is the size of the elements, or an error if it exceeds limit.
func (info *ArrayInfo) bytes(limit int) (int, error) {
	n, err := info.Shape.CheckedNumel()
	if err != nil {
		return 0, exit.Usagef("%w", err)
	}
	if info.DType.IsQuantized() {
		return 0, exit.Usagef("a tensor of %v has no scale and zero point here: give float32", info.DType)
	}
	if n > limit || n*info.DType.Size() > limit { // in this order the product cannot overflow
		return 0, exit.Usagef("%d bytes of data do not fill %v%v", limit, info.DType, info.Shape)
	}
	return n * info.DType.Size(), nil
}

// fill reads the elements of a tensor.
func (h *host) fill(s *session, info *ArrayInfo) (*tensor.Tensor, error) {
	fill := func(raw []byte) error {
		_, err := io.ReadFull(h.in, raw)
		return err
	}
	if x := s.spare.take(info.DType, info.Shape); x != nil {
		return x, x.Refill(fill)
	}
	return tensor.Decode(info.DType, nil, info.Shape, fill)
}

func (h *host) readImages(sizes []int, size int) ([][]byte, error) {
	images, left := make([][]byte, len(sizes)), size
	for i, n := range sizes {
		if n < 0 || n > left {
			return nil, exit.Usagef("images of %v bytes in a payload of %d", sizes, size)
		}
		images[i], left = make([]byte, n), left-n
		if _, err := io.ReadFull(h.in, images[i]); err != nil {
			return nil, err
		}
	}
	if left > 0 {
		return nil, exit.Usagef("images of %v bytes in a payload of %d", sizes, size)
	}
	return images, nil
}
