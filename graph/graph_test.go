package graph

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// stub is an operator that keeps the shape of its first input.
type stub struct {
	Gain int `json:"gain"`
}

func (stub) Kind() string { return "stub" }

func (stub) Infer(in []Fact) ([]Type, error) {
	if len(in[0].Shape) == 0 {
		return nil, errors.New("needs an axis")
	}
	return []Type{in[0].Type}, nil
}

func (stub) Signatures() []Signature {
	return []Signature{
		{In: []tensor.DType{tensor.Float32, tensor.Float32}, Out: tensor.Float32},
		{In: []tensor.DType{tensor.QUInt8}, Variadic: true, Out: tensor.QUInt8, SameQ: true},
	}
}

func (stub) Eval(Context, []*tensor.Tensor, []Type) ([]*tensor.Tensor, error) {
	return nil, errors.New("not evaluated in these tests")
}

// diamond is x -> a -> {b, c} -> d, with a parameter at b and a dead node.
func diamond() *Graph {
	g := New("diamond")
	x := g.AddInput("x", Float32)
	a := g.AddNode("a", stub{1}, x)
	w := g.AddParam("b.weight", 4, 2)
	b := g.AddNode("b", stub{2}, a, w)
	c := g.AddNode("c", stub{3}, a)
	g.AddNode("dead", stub{4}, c, g.AddParam("dead.weight", 1))
	g.Outputs = []*Value{g.AddNode("d", stub{5}, b, c)}
	return g
}

func node(t *testing.T, g *Graph, name string) *Node {
	t.Helper()
	n, ok := g.Node(name)
	if !ok {
		t.Fatalf("no node %q", name)
	}
	return n
}

func TestConsumers(t *testing.T) {
	g := diamond()
	a, b, d := node(t, g, "a"), node(t, g, "b"), node(t, g, "d")
	if users := g.Consumers(a.Output()); len(users) != 2 || users[0] != b {
		t.Errorf("a is read by %d nodes, want b and c", len(users))
	}
	if g.SoleConsumer(a.Output()) != nil || g.SoleConsumer(b.Output()) != d {
		t.Error("a has two consumers, b one")
	}
	if g.SoleConsumer(d.Output()) != nil {
		t.Error("an output of the graph has a reader that is no node")
	}
}

func TestCloneSharesNoStructure(t *testing.T) {
	g := diamond()
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	c := g.Clone()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	before := dump(t, g)
	if got := dump(t, c); got != before {
		t.Errorf("the clone reads\n%s\nwant\n%s", got, before)
	}
	node(t, c, "a").Output().Type = Type{DType: tensor.QUInt8, Q: tensor.Affine(1, 0)}
	c.ReplaceUses(node(t, c, "b").Output(), node(t, c, "c").Output())
	c.Prune()
	if dump(t, g) != before {
		t.Error("changing the clone changed the original")
	}
	if _, ok := c.Node("b"); ok {
		t.Error("b is read by nothing and was not pruned")
	}
	if _, ok := c.Param("dead.weight"); ok {
		t.Error("a parameter of a dead node was not pruned")
	}
}

func TestReplaceUsesSparesExceptions(t *testing.T) {
	g := diamond()
	a := node(t, g, "a").Output()
	q := g.InsertAfter(a, "q", stub{}, Float32, a)
	g.ReplaceUses(a, q, q.Node)
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	if node(t, g, "b").Inputs[0] != q || q.Node.Inputs[0] != a || g.Nodes[1] != q.Node {
		t.Error("q must read a, and a's readers q")
	}
}

func TestValidateNamesTheCulprit(t *testing.T) {
	for want, breakIt := range map[string]func(*Graph){
		`two values are called "a"`: func(g *Graph) { g.Nodes[1].Output().Name = "a" },
		`reads "c" before`:          func(g *Graph) { g.Nodes[1].Inputs[0] = g.Nodes[2].Output() },
		`has no output`:             func(g *Graph) { g.Outputs = nil },
		`value "c" is quint8`:       func(g *Graph) { g.Nodes[2].Output().Type.DType = tensor.QUInt8 },
		`"b.weight" is declared`:    func(g *Graph) { g.Params[0].Data = tensor.New(tensor.Float32, 4, 3) },
	} {
		g := diamond()
		breakIt(g)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestInfer(t *testing.T) {
	g := diamond()
	types, err := g.Infer(tensor.Shape{2, 5})
	if err != nil {
		t.Fatal(err)
	}
	if got := types[g.Outputs[0]].Shape; !got.Equal(tensor.Shape{2, 5}) {
		t.Errorf("output shape %v", got)
	}
	if _, err := g.Infer(tensor.Shape{}); err == nil || !strings.Contains(err.Error(), `node "a" (stub): needs an axis`) {
		t.Errorf("error %v does not name the node", err)
	}
	if _, err := g.Infer(); err == nil {
		t.Error("no input was accepted")
	}
}

func TestSignatures(t *testing.T) {
	f, q := Float32, Type{DType: tensor.QUInt8, Q: tensor.Affine(0.5, 3)}
	other := Type{DType: tensor.QUInt8, Q: tensor.Affine(0.25, 3)}
	for _, c := range []struct {
		in   []Type
		out  Type
		want bool
	}{
		{[]Type{f, f}, f, true}, {[]Type{f}, f, true}, {[]Type{f, f, f}, f, false},
		{[]Type{q, q, q}, q, true}, {[]Type{q}, other, false}, {[]Type{q, f}, q, false}, {[]Type{f}, q, false},
	} {
		n := &Node{Name: "n", Op: stub{}, Outputs: []*Value{{Type: c.out}}}
		for _, in := range c.in {
			n.Inputs = append(n.Inputs, &Value{Type: in})
		}
		if err := n.CheckSignature(); (err == nil) != c.want {
			t.Errorf("%v -> %v: %v, want accepted = %v", c.in, c.out, err, c.want)
		}
	}
}

func TestRewriteLeavesItsInputAlone(t *testing.T) {
	g := diamond()
	before := dump(t, g)
	out, err := Rewrite(g, Pass{"drop b", func(g *Graph) (bool, error) {
		g.ReplaceUses(g.Nodes[1].Output(), g.Nodes[2].Output())
		return true, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := out.Node("b"); ok || dump(t, g) != before {
		t.Error("the pass must change a copy")
	}
	_, err = Rewrite(g, Pass{"break", func(g *Graph) (bool, error) { g.Outputs = nil; return true, nil }})
	if err == nil || !strings.Contains(err.Error(), "pass break") {
		t.Errorf("error %v does not name the pass", err)
	}
}

func TestDumps(t *testing.T) {
	g := diamond()
	g.Numerics = quant.FBGEMM
	n := node(t, g, "c")
	n.Output().Type, n.Note = Type{DType: tensor.QUInt8, Q: tensor.Affine(0.5, 3)}, "why"
	text := dump(t, g)
	for _, want := range []string{
		"graph diamond numerics=fbgemm\n", "b = stub(a, b.weight) {\"gain\":2} : float32\n",
		"c = stub(a) {\"gain\":3} : quint8 (scale=0.5 zero_point=3) # why\n", "output d\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("dump lacks %q:\n%s", want, text)
		}
	}
	b, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Nodes []struct{ Name, Op, Note string }
	}
	if err := json.Unmarshal(b, &back); err != nil || len(back.Nodes) != 5 || back.Nodes[2].Note != "why" {
		t.Errorf("JSON %s: %v", b, err)
	}
}

func dump(t *testing.T, g *Graph) string {
	t.Helper()
	var b strings.Builder
	if err := g.Dump(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
