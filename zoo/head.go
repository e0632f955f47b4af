package zoo

import "github.com/octet-ml/octet/op"

// head appends a layer of the classifier, as the file has it: with or without
// bias, and not at all where the file has every layer but it. Then the features
// are the output: whoever replaced the layer by torch.nn.Identity wants them.
func (b *builder) head(x act, name string, out int) act {
	weight, bias := b.has(name), b.knows(name+".bias")
	if b.knows(b.first+".weight") && !weight && !bias {
		return x
	}
	if !weight || bias {
		return b.linear(x, name, out)
	}
	out = b.width(name+".weight", 2, out)
	w := b.g.AddParam(name+".weight", out, x.channels)
	return act{b.g.AddNode(name, op.Linear{}, x.v, w), out}
}

// has reports whether the file holds the weight of a layer.
func (b *builder) has(layer string) bool { return b.knows(layer + ".weight") }

func (b *builder) knows(key string) bool {
	_, ok := b.shapes(key)
	return ok
}
