package script

import (
	"errors"
	"strings"
	"testing"
)

// files is a Machine that has code alone; operators on tensors are refused.
type files map[string]string

func (f files) Source(module string) (record, text string, err error) {
	if text, ok := f[module]; ok {
		return "code/" + module + ".py", text, nil
	}
	return "", "", nil
}

func (files) Attribute(_ *Object, name string) (Value, bool, error) {
	switch name {
	case "training":
		return false, true, nil
	case "sizes":
		return &List{Items: []Value{int64(3), int64(5)}, Tuple: true}, true, nil
	}
	return nil, false, nil
}

func (files) Constant(int) (Value, error) { return nil, errors.New("no constants") }
func (files) Do(c *Call) (Value, error)   { return nil, errors.New("the operator " + c.Name) }
func (files) Item(*Tensor) (Value, error) { return Unknown{"a number of the inputs"}, nil }

// forward follows a body of forward.
func forward(body string) (Value, error) {
	code := "class Net(Module):\n  kept : Final[int] = 7\n  def forward(self: __torch__.Net,\n    x: Tensor,\n    y: Optional[Tensor]=None) -> Tensor:\n" + body +
		"def twice(n: int,\n    by: int=2) -> int:\n  return torch.mul(n, by)\n"
	return New(files{"__torch__": code}).Forward(&Object{Class: "__torch__.Net"}, []Value{&Tensor{Name: "x"}})
}

func TestCodeIsFollowed(t *testing.T) {
	for body, want := range map[string]Value{
		"    return 3\n": int64(3),
		"    if self.training:\n      y = 1\n    else:\n      y = 2\n    return y\n": int64(2),
		"    a, b, = self.sizes\n    return torch.add(a, torch.mul(b, 2))\n":         int64(13),
		"    return self.kept\n":                                                       int64(7),
		"    return torch.floordiv(-7, 2)\n":                                           int64(-4),
		"    return torch.remainder(-7, 2)\n":                                          int64(1),
		"    return torch.div(-7, 2, rounding_mode=\"trunc\")\n":                       int64(-3),
		"    return torch.div(1, 4)\n":                                                 0.25,
		"    z = 0\n    for i in range(4):\n      z = torch.add(z, i)\n    return z\n": int64(6),
		"    l = [1, 2]\n    m = torch.append(l, 3)\n    return torch.len(l)\n":        int64(3),
		"    l = [1, 2]\n    l[-1] = 9\n    return (l)[1]\n":                           int64(9),
		"    f = __torch__.twice\n    return f(4, )\n":                                 int64(8),
		"    return __torch__.twice(4, 5)\n":                                           int64(20),
		"    if torch.__is__(y, None):\n      z = annotate(List[int], [])\n    else:\n      z = [1]\n    return torch.len(z)\n": int64(0),
		"    return torch.eq(\"zeros\", \"zeros\")\n":                                                                    true,
		"    if torch.__and__(False, bool(x)):\n      z = 1\n    else:\n      z = 2\n    return z\n":                     int64(2),
		"    if bool(x):\n      ops.prim.RaiseException(\"no\")\n    else:\n      pass\n    return 5\n":                  int64(5),
		"    return getattr(self, \"kept\")\n":                                                                           int64(7),
		"    return \"a\\n\\\"b\\101\"\n":                                                                                "a\n\"bA",
		"    return -9223372036854775808\n":                                                                              int64(-1 << 63),
		"    z = 1\n    go = True\n    while go:\n      z = torch.mul(z, 3)\n      go = torch.lt(z, 20)\n    return z\n": int64(27),
		"    a = True\n    i = 0\n    z = 0\n    while a:\n      if torch.eq(i, 2):\n        _1, _2 = True, z\n      else:\n        _1, _2 = False, torch.add(z, i)\n" +
			"      _3 = torch.add(i, 1)\n      a, z, i = torch.__and__(torch.lt(_3, 5), torch.__not__(_1)), _2, _3\n    return z\n": int64(1),
		"    return float(3)\n":  3.0,
		"    return int(3.75)\n": int64(3),
		"    z = [1,\n      2,\n        3]\n    return torch.sum(z)\n": int64(6),
	} {
		if got, err := forward(body); err != nil || got != want {
			t.Errorf("%s: %v, %v; expected %v", body, got, err, want)
		}
	}
}

func TestCodeIsRefused(t *testing.T) {
	for body, says := range map[string]string{
		"    if bool(x):\n      z = 1\n    else:\n      z = 2\n    return z\n": "control flow",
		"    while True:\n      pass\n":                                        "while",
		"    while bool(x):\n      pass\n":                                     "a loop with while on a number of the inputs",
		"    return nobody\n":                                                  `"nobody"`,
		"    return self.nobody\n":                                             `"nobody"`,
		"    return (self).nobody()\n":                                         `"nobody"`,
		"    return torch.relu(x)\n":                                           "the operator torch.relu",
		"    return (self).forward(x)\n":                                       "deep",
		"    return __torch__.twice()\n":                                       `"n"`,
		"    return __torch__.twice(1, 2, 3)\n":                                "takes 2",
		"    return 1 + 2\n":                                                   `"+"`,
		"    return torch.floordiv(1, 0)\n":                                    "division",
		"    ops.prim.RaiseException(\"what\")\n":                              "what",
		"    a, b, = [1]\n":                                                    "taken apart",
		"    return (self.sizes)[2]\n":                                         "item 2 of 2",
		"    return CONSTANTS.c1\n":                                            "no constants",
		"    return CONSTANTS.x\n":                                             "constant",
		"    return import\n    return (1\n":                                   "cut off",
	} {
		_, err := forward(body)
		var at *Error
		if err == nil || !strings.Contains(err.Error(), says) || !errors.As(err, &at) && !strings.Contains(err.Error(), "line") {
			t.Errorf("%s: error %v; expected %q with its line", body, err, says)
		}
	}
}
