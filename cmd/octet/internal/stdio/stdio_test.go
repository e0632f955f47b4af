package stdio

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/frame"
	"github.com/octet-ml/octet/tensor"
)

// program has one command, which tells what it was given.
var program = Program{
	Version: "v0.0.0",
	Root: func(c *console.Console) *cobra.Command {
		root := &cobra.Command{Use: "octet", SilenceErrors: true, SilenceUsage: true}
		root.AddCommand(&cobra.Command{Use: "inspect", RunE: c.Command(func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				panic("no arguments")
			}
			b, err := io.ReadAll(c.In)
			if err != nil {
				return err
			}
			c.Note("noted")
			return c.Result(strings.Join(args, " ")+" "+string(b), nil)
		})})
		return root
	},
	Execute: func(ctx context.Context, _ *console.Console, root *cobra.Command, args []string) error {
		root.SetArgs(args)
		return root.ExecuteContext(ctx)
	},
}

// reply is a frame from the host.
type reply struct {
	Reply
	payload []byte
}

// converse serves one client that sends input, on a host that prepare may change, and
// returns all that it is told behind the hello.
func converse(t *testing.T, input []byte, prepare func(*host)) ([]reply, error) {
	t.Helper()
	var out bytes.Buffer
	h := New(program, bytes.NewReader(input), &out)
	if prepare != nil {
		prepare(h)
	}
	served := h.Serve(t.Context())
	var all []reply
	for r := frame.NewReader(&out); ; {
		var next reply
		_, err := r.Next(&next.Reply)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("what the host wrote cannot be read: %v", err)
		}
		if next.payload, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		all = append(all, next)
	}
	if len(all) == 0 || all[0].Hello == nil || all[0].Hello.Protocol != Version || all[0].Hello.Version != "v0.0.0" {
		t.Fatalf("the host does not begin with a hello: %+v", all)
	}
	return all[1:], served
}

// request is a frame from a client.
func request(t *testing.T, q any, payload ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := frame.NewWriter(&b).Write(q, payload...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// raw is a frame that claims what it likes.
func raw(magic string, header, payload uint32, rest string) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(magic), header)
	return append(binary.LittleEndian.AppendUint32(b, payload), rest...)
}

func TestNonsenseEndsTheConversation(t *testing.T) {
	for name, input := range map[string][]byte{
		"other words":      []byte("GET / HTTP/1.1\r\n\r\n"),
		"a huge header":    raw("OCT1", 1<<31, 0, ""),
		"a huge payload":   raw("OCT1", 2, 1<<31, "{}"),
		"no JSON":          raw("OCT1", 3, 0, "{]}"),
		"JSON of no use":   raw("OCT1", 4, 0, "[17]"),
		"a negative id":    request(t, map[string]any{"id": -1, "op": "close"}),
		"an unknown dtype": request(t, map[string]any{"id": 1, "op": "run", "tensor": map[string]any{"dtype": "complex512", "shape": []int{1}}}),
	} {
		replies, err := converse(t, input, nil)
		if exit.Code(err) != exit.Usage || len(replies) != 1 || replies[0].Error == nil || replies[0].Error.Code != exit.Usage || replies[0].ID != 0 {
			t.Errorf("%s: %v; %+v", name, err, replies)
		}
	}
}

// A client that has gone, even within a frame, is no failure.
func TestAClientMayGoAtAnyByte(t *testing.T) {
	whole := request(t, Request{ID: 1, Op: "run", Session: 1, Tensor: &ArrayInfo{DType: tensor.Float32, Shape: tensor.Shape{1}}}, make([]byte, 4))
	for n := range whole {
		replies, err := converse(t, whole[:n], openSession)
		if err != nil || len(replies) > 0 {
			t.Errorf("after %d bytes: %v; %+v", n, err, replies)
		}
	}
}

var errOfModel = exit.WithCode(exit.Model, errors.New("the model could not be opened"))

// openSession gives a host the session 1, whose runs fail once their input is there.
func openSession(h *host) {
	s := &session{ready: make(chan struct{}), err: errOfModel}
	close(s.ready)
	h.sessions[1] = s
}

func TestRequestsAreRefusedOneByOne(t *testing.T) {
	floats := func(shape ...int) *ArrayInfo { return &ArrayInfo{DType: tensor.Float32, Shape: shape} }
	for _, c := range []struct {
		name    string
		q       Request
		payload int
		says    string
	}{
		{"an unknown operation", Request{Op: "dance"}, 0, `unknown operation "dance"`},
		{"a session that is not open", Request{Op: "run", Session: 7, Tensor: floats(1)}, 4, "session 7 is not open"},
		{"closing it", Request{Op: "close", Session: 7}, 0, "session 7 is not open"},
		{"an open session again", Request{Op: "open", Session: 0}, 0, "different numbers above 0"},
		{"nothing to run on", Request{Op: "run", Session: 1}, 0, "needs a tensor or images"},
		{"more elements than bytes", Request{Op: "run", Session: 1, Tensor: floats(1, 3, 224, 224)}, 4, "4 bytes of data do not fill"},
		{"elements beyond counting", Request{Op: "run", Session: 1, Tensor: floats(1<<31, 1<<31, 1<<31)}, 4, ""},
		{"elements that overflow when sized", Request{Op: "run", Session: 1, Tensor: floats(1 << 62)}, 0, "0 bytes of data do not fill"},
		{"a negative extent", Request{Op: "run", Session: 1, Tensor: floats(-1, -4)}, 16, ""},
		{"codes without a scale", Request{Op: "run", Session: 1, Tensor: &ArrayInfo{DType: tensor.QUInt8, Shape: tensor.Shape{4}}}, 4, "no scale and zero point"},
		{"a named input beyond the payload", Request{Op: "run", Session: 1, Tensors: []ArrayInfo{{"a", tensor.Int64, tensor.Shape{1}}, {"b", tensor.Int64, tensor.Shape{2}}}}, 16, "8 bytes of data do not fill int64[2]"},
		{"a named input twice", Request{Op: "run", Session: 1, Tensors: []ArrayInfo{{"a", tensor.Bool, tensor.Shape{1}}, {"a", tensor.Bool, tensor.Shape{1}}}}, 2, "given twice"},
		{"named inputs that leave bytes", Request{Op: "run", Session: 1, Tensors: []ArrayInfo{{"a", tensor.Bool, tensor.Shape{1}}}}, 2, "left over"},
		{"an image beyond the payload", Request{Op: "run", Session: 1, Images: []int{3, 1 << 40}}, 4, "in a payload of 4"},
		{"images that leave bytes", Request{Op: "run", Session: 1, Images: []int{3}}, 4, "in a payload of 4"},
		{"a negative image", Request{Op: "run", Session: 1, Images: []int{-1, 5}}, 4, "in a payload of 4"},
		{"a command that is not hosted", Request{Op: "command", Args: []string{"train"}}, 0, "begin with one of quantize"},
		{"no command", Request{Op: "command"}, 0, "begin with one of quantize"},
	} {
		c.q.ID = 5
		input := append(request(t, c.q, make([]byte, c.payload)), request(t, Request{ID: 6, Op: "dance"})...)
		replies, err := converse(t, input, openSession)
		if err != nil || len(replies) != 2 {
			t.Errorf("%s: %v; %+v", c.name, err, replies)
			continue
		}
		first, second := replies[0], replies[1]
		if first.ID != 5 || first.Error == nil || first.Error.Code != exit.Usage || !strings.Contains(first.Error.Message, c.says) {
			t.Errorf("%s: %+v, want %q", c.name, first.Error, c.says)
		}
		if second.ID != 6 || second.Error == nil { // the conversation goes on behind the payload
			t.Errorf("%s: the next request is answered %+v", c.name, second)
		}
	}
}

func TestRunsOfAModelThatDidNotOpenSayWhy(t *testing.T) {
	send, next := held(t, openSession)
	send(Request{ID: 5, Op: "run", Session: 1, Tensor: &ArrayInfo{DType: tensor.Float32, Shape: tensor.Shape{2}}}, make([]byte, 8))
	if got := next(); got.ID != 5 || got.Error == nil || got.Error.Code != exit.Model || got.Error.Message != errOfModel.Error() {
		t.Errorf("%+v", got.Reply)
	}
	// It keeps its number until it is closed.
	send(Request{ID: 6, Op: "close", Session: 1})
	if got := next(); got.ID != 6 || got.Error != nil {
		t.Errorf("%+v", got.Reply)
	}
	send(Request{ID: 7, Op: "close", Session: 1})
	if got := next(); got.ID != 7 || got.Error == nil || got.Error.Code != exit.Usage {
		t.Errorf("%+v", got.Reply)
	}
}

// held serves a client whose requests follow answers.
func held(t *testing.T, prepare func(*host)) (send func(Request, ...[]byte), next func() reply) {
	t.Helper()
	in, toHost := io.Pipe()
	fromHost, out := io.Pipe()
	h := New(program, in, out)
	if prepare != nil {
		prepare(h)
	}
	ctx, cancel := context.WithCancel(context.Background()) // that of t ends before the client goes
	served := make(chan error, 1)
	go func() {
		err := h.Serve(ctx)
		out.Close()
		served <- err
	}()
	r := frame.NewReader(fromHost)
	next = func() (got reply) {
		t.Helper()
		if _, err := r.Next(&got.Reply); err != nil {
			t.Fatal(err)
		}
		var err error
		if got.payload, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		return got
	}
	next() // the hello
	t.Cleanup(func() {
		defer cancel()
		toHost.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	w := frame.NewWriter(toHost)
	return func(q Request, payload ...[]byte) {
		t.Helper()
		if err := w.Write(q, payload...); err != nil {
			t.Fatal(err)
		}
	}, next
}

func TestCommandsAreFramed(t *testing.T) {
	send, next := held(t, nil)
	send(Request{ID: 1, Op: "command", Args: []string{"inspect", "a.pth"}}, []byte("on standard "), []byte("input"))
	if note := next(); note.ID != 1 || note.Note != "noted" || note.Error != nil {
		t.Errorf("%+v", note)
	}
	var document string
	done := next()
	if err := json.Unmarshal(done.payload, &document); err != nil || done.ID != 1 || !done.Document || len(done.Arrays) > 0 || document != "a.pth on standard input" {
		t.Errorf("%+v, %q, %v", done.Reply, document, err)
	}
	// A panic is the failure of one request.
	send(Request{ID: 2, Op: "command", Args: []string{"inspect"}})
	if got := next(); got.ID != 2 || got.Error == nil || got.Error.Code != exit.Internal || !strings.Contains(got.Error.Message, "panic: no arguments") {
		t.Errorf("%+v", got.Reply)
	}
	send(Request{ID: 0, Op: "command", Args: []string{"inspect", "a.pth"}})
	if got := next(); got.Error == nil || !strings.Contains(got.Error.Message, "different ids above 0") {
		t.Errorf("%+v", got.Reply)
	}
}

func TestSpareTensorsServeTheirOwnSort(t *testing.T) {
	var s spareTensors
	shape := tensor.Shape{2, 3}
	a, b := tensor.New(tensor.Float32, shape...), tensor.New(tensor.Float32, shape...)
	s.put(a)
	s.put(b)
	if s.take(tensor.Float32, tensor.Shape{3, 2}) != nil || s.take(tensor.Int64, shape) != nil {
		t.Error("a tensor of another sort was given")
	}
	if s.take(tensor.Float32, shape) != b || s.take(tensor.Float32, shape) != a || s.take(tensor.Float32, shape) != nil {
		t.Error("tensors come back in another order, or twice")
	}
	for range maxSpare + 3 {
		s.put(tensor.New(tensor.Float32, shape...))
	}
	if len(s.free) != maxSpare {
		t.Errorf("%d tensors are kept", len(s.free))
	}
}
